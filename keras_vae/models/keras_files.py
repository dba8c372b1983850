"""What Keras's own `save` and `export` need to know of a model that is built when it is constructed."""

from pathlib import Path
from typing import Any


class KerasFiles:
    """Beside `keras.Model`: exports without a call beforehand, and writes no file that does not load again."""

    input_signature: Any
    """A `keras.InputSpec` of what `call` takes, or a list of them."""

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Write the model, its weights and the state of its training to a `.keras` file.

        Raises:
            ValueError: for a `.h5` file, which does not hold the weights of a model of this kind in a form that loads again.
        """
        if str(filepath).endswith((".h5", ".hdf5")):
            raise ValueError(
                f"{filepath}: the HDF5 format cannot keep {type(self).__name__}. Write {Path(filepath).stem}.keras, or the weights "
                f"alone by save_weights({str(Path(filepath).with_suffix('.weights.h5'))!r})."
            )
        super().save(filepath, *args, **kwargs)  # type: ignore[misc]

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write what `predict` does, as Keras's `export` does.

        `keras_vae.export` writes samples, codes and densities too, compares them with the model's, and quantises.

        Args:
            filepath, format, verbose, **kwargs: as in Keras.
            input_signature: by default data of any batch size, and for a conditional model their labels.
        """
        signature = [self.input_signature] if input_signature is None else input_signature
        super().export(filepath, format=format, verbose=verbose, input_signature=signature, **kwargs)  # type: ignore[misc]
