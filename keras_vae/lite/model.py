"""A model made of builds, with the methods of the Keras model that a device needs."""

import math
import secrets
import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_vae import _checks
from keras_vae._attributes import Attributes
from keras_vae.lite import noise
from keras_vae.lite.build import MAX_THREADS, Build
from keras_vae.lite.folders import BuildError, build_folder, read_build, read_manifest
from keras_vae.lite.manifest import MANIFEST, NONE, SOFTPLUS_SHIFT, STDDEV_FLOOR, Manifest, Shape, tensors

_COLDEST = 1e-6
_MAX_SAMPLES = 10**6


class Encoding(NamedTuple):
    """The approximate posterior of B examples, or the codes of an autoencoder."""

    mean: np.ndarray
    """`(B, Z)`."""
    stddev: np.ndarray
    """Standard deviation of each latent, `(B, Z)`; an autoencoder's codes have none, so zero."""


def load(name_or_folder: str | Path, target: str = "cpu", num_threads: int = 1) -> "LiteModel":
    """Load a shipped build by its preset's name, or a folder that `keras_vae.export.tflite` wrote.

    Any number of threads may use what is loaded; each call gets the answer to its own request.

    Args:
        name_or_folder: a name from `list_builds()`, or a path.
        target: `"cpu"`, `"gpu"`, `"edge"` or `"web"`: of a shipped build, which one; of a path it says nothing. All run on a
            CPU here.
        num_threads: of LiteRT's kernels.

    Raises:
        ValueError: if there is no such build.
        BuildError: if it is incomplete, or damaged.
        ImportError: if ai-edge-litert is not installed.
    """
    _checks.positive_int("num_threads", num_threads, maximum=MAX_THREADS)
    folder = build_folder(name_or_folder, target)
    manifest = read_manifest(folder)
    return _class_for(manifest)(folder, manifest, num_threads)


class LiteModel:
    """An exported autoencoder: `sample`, `encode`, `decode`, `reconstruct` in NumPy.

    Args:
        folder: with the `.tflite` files.
        manifest: what its `build.json` says, checked.
        num_threads: of LiteRT's kernels.
    """

    def __init__(self, folder: Path, manifest: Manifest, num_threads: int = 1):
        self.manifest = manifest
        self.data_shape: tuple[int, ...] = self.manifest.data_shape
        self.latent_size: int = self.manifest.latent_size
        self.num_classes: int | None = self.manifest.num_classes
        self._posterior = self.manifest.posterior != NONE
        self._folder, self._num_threads = folder, num_threads
        self._builds: dict[str, Build] = {}
        self._lock = threading.Lock()

    def build(self, part: str) -> Build:
        """The build of a part, such as `"encoder"` or `"decoder"`; read when it is first asked for.

        Raises:
            ValueError: if the model has no such part.
            BuildError: if its file is damaged, or is not the one that `build.json` describes.
        """
        if part not in self.manifest.files:
            raise ValueError(f"This model has no {part}: it has {', '.join(self.manifest.files)}.")
        with self._lock:  # threads that ask at once read the file once
            if part not in self._builds:
                self._builds[part] = self._read(part)
            return self._builds[part]

    def _read(self, part: str) -> Build:
        content = read_build(self._folder, part, self.manifest.files[part])
        where = f"{self._folder / part}.tflite"
        try:
            build = Build(content, self._num_threads)
        except ValueError as error:
            raise BuildError(f"{where} cannot be used: {error}") from error
        for kind, found, expected in zip(
            ("inputs", "outputs"), (build.inputs, build.outputs), tensors(self.manifest, part), strict=True
        ):
            shapes = {name: tuple(int(n) for n in detail["shape"][1:]) for name, detail in found.items()}
            if not _fits(shapes, expected):
                raise BuildError(
                    f"{where} has the {kind} {_named(shapes)}, where {MANIFEST} asks for {_named(expected)}: they are not of one "
                    "model. Export the model anew with keras_vae.export.tflite."
                )
        return build

    def sample(
        self, n: int | None = None, labels: Any = None, seed: int | None = None, temperature: float = 1.0
    ) -> np.ndarray:
        """Draw z from the prior and return the mean of p(x|z): `(n,) + data_shape`.

        The Keras model draws the same images from the same seed, to the error of the build.

        Args:
            n: number of images, for a model without a condition.
            labels: int labels `(n,)`, one an image, for a conditional model.
            seed: a whole number, or None for fresh noise.
            temperature: factor on the prior's standard deviation, from 0 to 100.

        Raises:
            ValueError: if the model has no prior, `n` is given to a conditional model or `labels` to another, or a value is out of
                its range.
        """
        if self.manifest.prior == NONE:
            raise ValueError("This autoencoder has no prior to draw from: decode codes of your own.")
        decoder = self.build("decoder")  # before anything of the size that build.json says is made
        prior = self.build("prior") if "prior" in self.manifest.files else None
        n, condition = self._how_many(n, labels, temperature)
        seed = secrets.randbits(62) if seed is None else seed
        size = int(prior.inputs["noise"]["shape"][-1]) if prior else self.latent_size
        z = noise.normal((n, size), seed)
        z[:, -self.latent_size :] *= np.float32(temperature)
        if prior:
            z = _finite(prior(noise=z, **condition))["latents"]
        return self._shown(_finite(decoder(latents=z, **condition))["mean"], labels)

    def _how_many(self, n: int | None, labels: Any, temperature: float) -> tuple[int, dict[str, np.ndarray]]:
        """Check what `sample` is given: how many images, and their condition by name."""
        _check_temperature(temperature)
        if self.num_classes is None:
            if labels is not None:
                raise ValueError("This model has no condition: call sample(n) without labels.")
            n = _checks.positive_int("n", 1 if n is None else n, maximum=_MAX_SAMPLES)
        else:
            if labels is None or n is not None:
                raise ValueError(
                    f"sample(n={n!r}, labels={labels!r}): this model is conditional. Pass one label an image, for example "
                    "sample(labels=[3, 1, 4])."
                )
            n = np.size(_array("labels", labels))
            if not n:
                raise ValueError("labels is empty: pass one label an image, for example sample(labels=[3, 1, 4]).")
        return n, self._condition(labels, n)

    def encode(self, x: Any, labels: Any = None) -> Encoding:
        """The mean and the standard deviations of q(z|x).

        Args:
            x: data, `(B,) + data_shape`, floats in the range that the model takes.
            labels: int labels `(B,)`, for a conditional model only.

        Raises:
            ValueError: if shape, dtype or range of an argument are wrong.
        """
        build = self.build("encoder")
        x = self._data(x)
        # An encoder that all domains share is told none.
        condition = self._condition(labels, len(x)) if self._posterior else {}
        outputs = _finite(build(data=x, **condition))
        if not self._posterior:
            return Encoding(outputs["mean"], np.zeros_like(outputs["mean"]))
        stddev = outputs["stddev"] if "stddev" in outputs else self._stddev(outputs["params"])
        return Encoding(outputs["mean"], stddev)

    def decode(self, z: Any, labels: Any = None) -> np.ndarray:
        """The mean of p(x|z), `(B,) + data_shape`, for latents `(B, Z)`.

        Raises:
            ValueError: if shape or dtype of an argument are wrong.
        """
        build = self.build("decoder")
        z = _array("z", z)
        condition = self._condition(labels, len(z) if z.ndim else 0)
        return self._shown(_finite(build(latents=z, **condition))["mean"], labels)

    def reconstruct(self, x: Any, labels: Any = None) -> np.ndarray:
        """The mean of p(x|z) at the posterior mean, `(B,) + data_shape`. Arguments and errors as in `encode`."""
        return self.decode(self.encode(x, labels).mean, labels)

    def cluster(self, x: Any) -> np.ndarray:
        """The number of each example's cluster, `(B,)`, of data `(B,) + data_shape`, for a model that clusters."""
        return self.build("clusters")(latents=self.encode(x).mean)["log_probs"].argmax(axis=-1)

    def classify(self, x: Any) -> np.ndarray:
        """The most probable label of each example, `(B,)`, of data `(B,) + data_shape`, for a model with a classifier."""
        return self.build("classifier")(data=self._data(x))["log_probs"].argmax(axis=-1)

    def _shown(self, mean: np.ndarray, labels: Any) -> np.ndarray:
        """What a method returns of the decoder's mean."""
        return mean

    def _data(self, x: Any) -> np.ndarray:
        x = _array("x", x)
        if x.shape[1:] != self.data_shape or x.ndim != len(self.data_shape) + 1:
            raise ValueError(f"The data have shape {x.shape}: this model takes {('batch', *self.data_shape)}.")
        if not np.issubdtype(x.dtype, np.floating):
            raise ValueError(
                f"The data have dtype {x.dtype}: this model takes floats. For images of 8 bits divide by 255."
            )
        ends = self.manifest.support or (None, None)
        low, high = (
            open_end if end is None else end for end, open_end in zip(ends, (-math.inf, math.inf), strict=True)
        )
        if x.size and not np.isfinite(x).all():
            raise ValueError("The data hold a value that is not finite: remove it.")
        if x.size and not (low <= x.min() and x.max() <= high):
            raise ValueError(
                f"The data range from {x.min():g} to {x.max():g}: this model takes {low:g} to {high:g}. For "
                "images of 8 bits divide by 255."
            )
        return x

    def _condition(self, labels: Any, size: int) -> dict[str, np.ndarray]:
        if self.num_classes is None:
            if labels is not None:
                raise ValueError("This model has no condition: call it without labels.")
            return {}
        if labels is None:
            raise ValueError(f"This model is conditional: pass one label from 0 to {self.num_classes - 1} an example.")
        labels = _array("labels", labels)
        if labels.shape != (size,) or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"The labels have shape {labels.shape} and dtype {labels.dtype}: this model takes integers of shape ({size},), "
                "one an example."
            )
        wrong = labels[(labels < 0) | (labels >= self.num_classes)]
        if wrong.size:
            raise ValueError(f"A label is {wrong[0]}: this model has the classes 0 to {self.num_classes - 1}.")
        one_hot = np.zeros((size, self.num_classes), "float32")
        one_hot[np.arange(size), labels.astype("int64")] = 1.0
        return {"condition": one_hot}

    def _stddev(self, params: np.ndarray) -> np.ndarray:
        raw = params[:, self.latent_size :]
        if self.manifest.posterior == "diagonal_gaussian":
            return _positive(raw)
        # TFP's order of the entries of a lower triangle: the tail of the vector, then all of it backwards.
        size = self.latent_size
        lower = np.tril(np.concatenate([raw[:, size:], raw[:, ::-1]], axis=1).reshape(-1, size, size))
        diagonal = np.arange(size)
        lower[:, diagonal, diagonal] = _positive(lower[:, diagonal, diagonal])
        return np.sqrt((lower**2).sum(axis=-1))


class DiscreteLiteModel(LiteModel):
    """An exported model whose codes are whole numbers: the same methods, with codes int32 `(B, N)` where there were latents."""

    def sample(
        self, n: int | None = None, labels: Any = None, seed: int | None = None, temperature: float = 1.0
    ) -> np.ndarray:
        """Draw codes from the prior, one after the other, and return the mean of p(x|codes): `(n,) + data_shape`.

        Arguments and errors as in `LiteModel.sample`; the temperature divides the prior's logits. The Keras model draws the same
        images from the same seed, to the error of the build.
        """
        decoder, prior = self.build("decoder"), self.build("prior")
        n, condition = self._how_many(n, labels, temperature)
        chances = noise.uniform((n, self.latent_size), secrets.randbits(62) if seed is None else seed)
        codes = np.zeros((n, self.latent_size), "int32")
        for i in range(self.latent_size):
            logits = _finite(prior(codes=codes, **condition))["logits"][:, i] / max(temperature, _COLDEST)
            weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
            below = np.cumsum(weights / weights.sum(axis=-1, keepdims=True), axis=-1)[:, :-1]
            codes[:, i] = (below < chances[:, i : i + 1]).sum(axis=-1)
        return _finite(decoder(codes=codes))["mean"]

    def encode(self, x: Any, labels: Any = None) -> np.ndarray:  # type: ignore[override]
        """The codes of data `(B,) + data_shape`: int32 `(B, N)`. Labels, which change nothing, may be there."""
        return self.build("encoder")(data=self._data(x))["codes"].astype("int32")

    def decode(self, codes: Any, labels: Any = None) -> np.ndarray:
        """The mean of p(x|codes), `(B,) + data_shape`, for whole numbers `(B, N)`.

        Raises:
            ValueError: if shape or dtype are wrong, or a number is that of no code.
        """
        codes = _array("codes", codes)
        if not np.issubdtype(codes.dtype, np.integer):
            raise ValueError(
                f"The codes have dtype {codes.dtype}: this model takes whole numbers, the indices of codes."
            )
        count = self.manifest.num_codes
        assert count is not None  # `load` makes this class of such builds alone
        wrong = codes[(codes < 0) | (codes >= count)]
        if wrong.size:
            raise ValueError(f"A code is {wrong[0]}: indices are from 0 to {count - 1}.")
        return _finite(self.build("decoder")(codes=codes))["mean"]

    def reconstruct(self, x: Any, labels: Any = None) -> np.ndarray:
        """The mean of p(x|codes) at the codes of x, `(B,) + data_shape`."""
        return self.decode(self.encode(x))


class AttributeLiteModel(LiteModel):
    """An exported model whose conditions are attributes: the same methods, with vectors float32 `(B, K)`, or a dict of columns
    `(B,)` in their own units, for labels."""

    def __init__(self, folder: Path, manifest: Manifest, num_threads: int = 1):
        super().__init__(folder, manifest, num_threads)
        self._attributes = Attributes(self.manifest.attributes)

    @property
    def attributes(self) -> dict[str, Any]:
        """By attribute its words, or the mean and the standard deviation of a number."""
        return self._attributes.described

    def _how_many(self, n: int | None, labels: Any, temperature: float) -> tuple[int, dict[str, np.ndarray]]:
        if labels is None or n is not None:
            raise ValueError(
                f"sample(n={n!r}) of a model that is conditional: pass sample(labels=...) a dict of columns for "
                f"{', '.join(self.attributes)}, or vectors."
            )
        _check_temperature(temperature)
        vectors = self._vectors(labels)
        if not len(vectors):
            raise ValueError("labels is empty: pass the attributes of one image at least.")
        return len(vectors), {"condition": vectors}

    def _condition(self, labels: Any, size: int) -> dict[str, np.ndarray]:
        vectors = self._vectors(labels)
        if len(vectors) != size:
            raise ValueError(f"There are {len(vectors)} conditions for {size} examples: pass one an example.")
        return {"condition": vectors}

    def _vectors(self, labels: Any) -> np.ndarray:
        if labels is None:
            raise ValueError(
                f"This model is conditional: pass a dict of columns for {', '.join(self.attributes)}, or vectors."
            )
        if hasattr(labels, "keys"):
            return self._attributes.vectors(labels)
        vectors = _array("labels", labels)
        if (
            vectors.ndim != 2
            or vectors.shape[1] != self._attributes.size
            or not np.issubdtype(vectors.dtype, np.floating)
        ):
            raise ValueError(
                f"The conditions have shape {vectors.shape} and dtype {vectors.dtype}: this model takes floats of shape (batch, "
                f"{self._attributes.size})."
            )
        if not np.isfinite(vectors).all():
            raise ValueError("The conditions hold a value that is not finite: remove it.")
        return vectors.astype("float32")


class PictureLiteModel(LiteModel):
    """An exported model whose conditions are pictures, `(B,) + condition_shape`: the same methods, with pictures for labels."""

    def __init__(self, folder: Path, manifest: Manifest, num_threads: int = 1):
        super().__init__(folder, manifest, num_threads)
        assert self.manifest.condition_shape is not None  # `load` makes this class of such builds alone
        self.condition_shape: tuple[int, ...] = self.manifest.condition_shape

    def _how_many(self, n: int | None, labels: Any, temperature: float) -> tuple[int, dict[str, np.ndarray]]:
        if labels is None or n is not None:
            raise ValueError(
                f"sample(n={n!r}) of a model that is conditional: pass one picture of shape {self.condition_shape} an image, "
                "sample(labels=pictures)."
            )
        _check_temperature(temperature)
        labels = _array("labels", labels)
        size = len(labels) if labels.ndim else 0
        return size, self._condition(labels, size)

    def _condition(self, labels: Any, size: int) -> dict[str, np.ndarray]:
        if labels is None:
            raise ValueError(f"This model is conditional: pass one picture of shape {self.condition_shape} an example.")
        return self.build("features")(picture=self._pictures(labels, size))

    def _shown(self, mean: np.ndarray, labels: Any) -> np.ndarray:
        """The mean, with what the condition gives in its place where the model completes."""
        if not self.manifest.completes:
            return mean
        pictures = self._pictures(labels, len(mean))
        return np.where(pictures[..., -1:] > 0.5, pictures[..., :-1], mean)

    def _pictures(self, labels: Any, size: int) -> np.ndarray:
        pictures = _array("labels", labels)
        if pictures.shape != (size, *self.condition_shape):
            raise ValueError(
                f"The conditions have shape {pictures.shape}: this model takes {(size, *self.condition_shape)}, one an example."
            )
        if pictures.dtype == np.uint8:
            return (pictures / 255.0).astype("float32")
        if not np.issubdtype(pictures.dtype, np.floating):
            raise ValueError(
                f"The conditions have dtype {pictures.dtype}: this model takes floats from 0 to 1, or uint8."
            )
        if not ((pictures >= 0.0) & (pictures <= 1.0)).all():
            raise ValueError(
                f"The conditions have dtype {pictures.dtype}, from {pictures.min():g} to {pictures.max():g}: this model takes "
                "floats from 0 to 1, or uint8."
            )
        return pictures.astype("float32")


def _check_temperature(temperature: Any) -> None:
    _checks.finite_float("temperature", None if isinstance(temperature, str) else temperature, 0.0, 100.0)


def _array(name: str, value: Any) -> np.ndarray:
    """An array of numbers, or of truth values: what it may hold is for the caller to say."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is a {type(value).__name__} that is no array: {error}.") from error
    if array.dtype.kind not in "buif":
        raise ValueError(
            f"{name} is a {type(value).__name__} of dtype {array.dtype}: this model takes arrays of numbers."
        )
    return array


def _finite(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for name, value in outputs.items():
        if not np.isfinite(value).all():
            raise ValueError(
                f"{name} overflows for these inputs: give numbers like those that the model was trained on."
            )
    return outputs


def _fits(shapes: dict[str, tuple[int, ...]], expected: dict[str, Shape]) -> bool:
    return set(shapes) == set(expected) and all(
        expected[name] is None or shape == expected[name] for name, shape in shapes.items()
    )


def _named(shapes: Any) -> str:
    parts = [
        f"{name} {'of any shape' if shape is None else ('batch', *shape)}" for name, shape in sorted(shapes.items())
    ]
    return ", ".join(parts) or "none"


def _positive(raw: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, raw + np.float32(SOFTPLUS_SHIFT)) + np.float32(STDDEV_FLOOR)


def _class_for(manifest: Manifest) -> type[LiteModel]:
    if manifest.num_codes is not None:
        return DiscreteLiteModel
    if manifest.attributes is not None:
        return AttributeLiteModel
    return LiteModel if manifest.condition_shape is None else PictureLiteModel
