"""The sparse autoencoder."""

from typing import Any

from keras_vae import _checks, _named, objectives
from keras_vae._backend import keras, serializable, tf
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.capabilities import SparseCode
from keras_vae.objectives import Penalty, Reconstruction


@serializable
class LargestOnly(keras.layers.Layer):
    """Keeps the k largest of each vector `(B, Z)` and sets the others to zero; equal ones at the border are all kept.

    Args:
        k: how many.
    """

    def __init__(self, k: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.k = k

    def call(self, inputs: Any) -> Any:
        """Set all but the largest to zero."""
        return self.keep(inputs, self.k, self.k)

    @staticmethod
    def keep(inputs: Any, k: Any, most: int) -> Any:
        """Set all but the k largest to zero, where k is a number or a scalar tensor, from 1 to `most`."""
        least = tf.gather(tf.math.top_k(inputs, most).values, [k - 1], axis=-1)
        return tf.where(inputs >= least, inputs, tf.zeros_like(inputs))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "k": self.k}


@serializable
class SparseAutoencoder(SparseCode, Autoencoder):
    """Autoencoder of which few code units are active at a time, so that the code may have more units than the data elements.

    >>> model = SparseAutoencoder((28, 28, 1), 1000, sparsity={"name": "l1", "weight": 0.1})
    >>> model = SparseAutoencoder((28, 28, 1), 1000, num_active=25)  # k-sparse

    Args:
        data_shape, latent_size, network, likelihood: as in `Autoencoder`; by default the code is one layer.
        sparsity: `"l1"`; `"activation_rate"`, for a sigmoid code; a dict with such a name and arguments; a
            `objectives.Penalty`; or None.
        num_active: k, the number of units that keep their activation, the largest; the others are set to zero (Makhzani & Frey,
            2014). None keeps all.
        code_activation: name of the Keras activation of the code, before the largest are chosen.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if neither or an impossible sparsity is asked for, or an argument is out of its range.
    """

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        network: Any = None,
        sparsity: Any = None,
        num_active: int | None = None,
        code_activation: str = "relu",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        network = {"name": "mlp", "hidden_units": ()} if network is None else network
        self.num_active = None if num_active is None else _checks.positive_int("num_active", num_active)
        super().__init__(data_shape, latent_size, network, code_activation, likelihood, **kwargs)
        if sparsity is None and num_active is None:
            raise ValueError("Nothing makes this code sparse: give sparsity (such as 'l1') or num_active.")
        self.sparsity = None if sparsity is None else _named.build("sparsity", objectives, Penalty, sparsity)
        if self.num_active is not None and self.num_active >= self.latent_size:
            raise ValueError(
                f"num_active={num_active}: must be less than the {self.latent_size} units of the code, or none is left out."
            )
        if isinstance(self.sparsity, objectives.ActivationRate):
            self.sparsity.check(code_activation)

    def code_layers(self) -> list[keras.layers.Layer]:
        """New layers that make codes of what the encoder puts out; they have no weights."""
        largest = [] if self.num_active is None else [LargestOnly(self.num_active, dtype="float32", name="largest")]
        return [*super().code_layers(), *largest]

    def code_of_largest(self, x: Any, k: Any, most: int, training: bool = False) -> Any:
        """The codes `(B, Z)` of data that need no check, with another k than `num_active`; k may be a tensor, from 1 to `most`."""
        outputs = self.encoder_outputs(x, None, training)
        for layer in super().code_layers():
            outputs = layer(outputs)
        return LargestOnly.keep(outputs, k, most)

    def default_objective(self) -> Reconstruction:
        """Reconstruction, with the penalty."""
        return Reconstruction(penalty=self.sparsity)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        if self.sparsity is not None:
            config["sparsity"] = _named.described(self.sparsity)
        if self.num_active is not None:
            config["num_active"] = self.num_active
        return config
