"""The vector-quantised variational autoencoder, with codes at one resolution or several."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae import _checks, _random
from keras_vae._backend import serializable, tf
from keras_vae.distributions import CodePrior
from keras_vae.models import symbols, validation
from keras_vae.models.base import EncoderDecoder, policy
from keras_vae.models.batch import Batch
from keras_vae.models.capabilities import DiscreteCodes, Samples
from keras_vae.models.symbols import Symbol
from keras_vae.networks.code_pyramid import CodePyramid, QuantizedMaps
from keras_vae.networks.residual_net import ResidualNet, grids
from keras_vae.objectives import QuantizationTerms, VectorQuantization

_SETTINGS = {
    "network": ("filters", "residual_filters", "residual_blocks"),
    "quantizer": ("update", "decay", "restart_below"),
    "prior": ("filters", "num_layers", "kernel_size"),
}
"""What the dicts of a VQVAE's arguments may hold; the rest of the parts' arguments follows from the others."""


@serializable
class VQVAE(Samples, DiscreteCodes, EncoderDecoder):
    """VQ-VAE: van den Oord et al. (2017); with codes at two resolutions VQ-VAE-2: Razavi et al. (2019).

    A picture becomes whole numbers from 0 to K - 1, one for each place of a grid (of each of several grids), and a picture again.
    An autoregressive prior over these numbers, which learns in the same `fit`, makes them a generative model.

    >>> model = VQVAE((32, 32, 3), num_codes=512, downsampling=(4,))  # 8 x 8 codes
    >>> model = VQVAE((32, 32, 3), num_codes=512, downsampling=(2, 2))  # 16 x 16 and 8 x 8: VQ-VAE-2
    >>> model.compile("adam")
    >>> model.fit(images, epochs=10)
    >>> codes = model.encode(images)
    >>> model.sample(16, seed=0)

    The codes of all levels are one vector of N numbers, the smallest grid first; `grids` gives them as grids.

    Args:
        data_shape: `(H, W, C)`.
        num_codes: K, the size of each level's book.
        code_size: D, the size of a code.
        downsampling: how many times smaller than the one before each level's grid is, powers of 2; the first is that of the data.
        num_classes: number of classes that the prior is conditioned on; None for a prior without labels. Codes and pictures do
            not depend on the label.
        network: arguments of the `networks.ResidualNet`: `filters`, `residual_filters`, `residual_blocks`.
        quantizer: further arguments of `networks.VectorQuantizer`: `update`, `decay`, `restart_below`.
        prior: arguments of the prior's `distributions.PixelCNN`: `filters`, `num_layers`, `kernel_size`.
        likelihood: as in `VAE`; by default a Gaussian with one learned scale.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    terms_type = QuantizationTerms
    states_log_prob = True
    condition_reaches = ("prior",)
    # Codes lie on grids, and no layer has as many outputs: large images have more codes than a layer may have units.
    max_latents = _checks.MAX_ELEMENTS

    def __init__(
        self,
        data_shape: Any,
        num_codes: int = 512,
        code_size: int = 64,
        downsampling: Sequence[int] = (4,),
        num_classes: int | None = None,
        network: dict[str, Any] | None = None,
        quantizer: dict[str, Any] | None = None,
        prior: dict[str, Any] | None = None,
        likelihood: Any = None,
        **kwargs: Any,
    ):
        settings = {
            name: _checks.table(name, {} if given is None else given)
            for name, given in (("network", network), ("quantizer", quantizer), ("prior", prior))
        }
        for name, given in settings.items():
            _checks.known_keys(name, given, _SETTINGS[name])
        shape = _checks.data_shape("data_shape", data_shape)
        shapes = grids(shape, downsampling)
        self.num_classes = None if num_classes is None else _checks.positive_int("num_classes", num_classes)
        super().__init__(
            architecture=ResidualNet(**settings["network"]),
            data_shape=shape,
            latent_size=sum(math.prod(shape) for shape in shapes),
            condition_size=self.num_classes or 0,
            likelihood={"name": "gaussian", "scale": "learned"} if likelihood is None else likelihood,
            **kwargs,
        )
        self.downsampling = _checks.sizes("downsampling", downsampling)
        self._settings = settings
        book = {"num_codes": num_codes, "code_size": code_size, **self._settings["quantizer"]}
        with policy(self.dtype_policy):
            self.encoder = self.architecture.encoder(self.data_shape, self.downsampling)
            self.quantizer = CodePyramid(self.architecture, shapes, self.downsampling, book, name="quantizer")
            self.quantizer.build(None)
            maps = [(*shape, code_size) for shape in shapes]
            self.decoder = self.architecture.decoder(maps, self.downsampling, self.likelihood.params_shape)
        self.num_codes, self.code_size = self.quantizer.quantizers[0].num_codes, self.quantizer.quantizers[0].code_size
        self.prior = CodePrior(
            self.latent_size,
            shapes[::-1],
            self.num_codes,
            self.condition_size,
            **self._settings["prior"],
            name="prior",
        )
        self.built = True

    @property
    def parts(self) -> dict[str, Any]:
        """The five parts by name; their variables are all that the model has."""
        return {name: getattr(self, name) for name in ("encoder", "quantizer", "prior", "decoder", "likelihood")}

    @property
    def condition_symbol(self) -> Symbol | None:
        """The class, for a model with classes."""
        return None if self.num_classes is None else symbols.of_classes(self.num_classes)

    def symbols(self, objective: Any, condition: str) -> list[Symbol]:
        """Prior, likelihood and codes, and the bound: see `EncoderDecoder.symbols`."""
        given, labels = (f" | {condition}", ", labels") if condition else ("", "")
        codes = f"{self.latent_size} numbers from 0 to {self.num_codes - 1}"
        return [
            Symbol(f"p(k{given})", f"{self.prior.formula(condition)}; {codes}", "model.prior"),
            Symbol("p(x | k)", f"{self.likelihood.formula('e_k')}, e_k the codes of the book", "model.decode(k)"),
            Symbol("k(x)", "the nearest codes to encoder(x)", "model.encode(x)"),
            Symbol(f"log p(x{given})", f"≥ log p(x | k(x)) + log p(k(x){given})", f"model.elbo(x{labels})"),
        ]

    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """One-hot labels `(B, num_classes)`, or None without classes."""
        return None if self.num_classes is None else validation.labels(labels, self.num_classes, batch_size)

    def default_objective(self) -> VectorQuantization:
        """Equation 3 of the paper, and the likelihood of the codes under the prior."""
        return VectorQuantization()

    # -- what the objective uses ---------------------------------------------------------------------------------------

    def encoder_outputs(self, x: Any, condition: Any, training: bool = False) -> list[Any]:
        """The features `(B, H, W, F)` of each level, the one nearest to the data first."""
        maps = self.encoder(x, training=training)
        return list(maps) if isinstance(maps, list | tuple) else [maps]

    def code_of(self, outputs: Any) -> Any:
        """The numbers `(B, N)` of the nearest codes of what the encoder puts out."""
        return self.quantizer(outputs).indices

    def quantized_given(self, x: Any, seed: Any = None, training: bool = False) -> QuantizedMaps:
        """The codes of data that need no check."""
        return self.quantizer(self.encoder_outputs(x, None, training), seed=seed, training=training)

    def likelihood_given_maps(self, maps: list[Any], training: bool = False) -> Any:
        """p(x|k), batch shape `(B,)`, of a map of codes for each level."""
        return self.likelihood(self.decoder_outputs(maps, training))

    def decoder_outputs(self, maps: list[Any], training: bool = False) -> Any:
        """The parameters of p(x|k), as the decoder puts them out."""
        return self.decoder(maps if len(maps) > 1 else maps[0], training=training)

    def params_of(self, codes: Any) -> Any:
        """The parameters of p(x|k), as the decoder puts them out, of numbers `(B, N)` that need no check."""
        return self.decoder_outputs(self.maps_of(codes))

    def maps_of(self, codes: Any) -> list[Any]:
        """A map of codes for each level, the one nearest to the data first, of numbers `(B, N)` that need no check."""
        return self.quantizer.lookup(self.prior.split(codes)[::-1])

    def prior_given(self, condition: Any, temperature: float = 1.0) -> Any:
        """p(k|c): batch shape `()` or `(B,)`, event shape `(N,)`."""
        return self.prior(condition, temperature=temperature)

    # -- methods -------------------------------------------------------------------------------------------------------

    def encode(self, x: Any, labels: Any = None) -> Any:
        """Return the numbers of the nearest codes: int32 `(B, N)`.

        Args:
            x: data, `(B,) + data_shape`, in the range of the likelihood.
            labels: int labels `(B,)`, for a model with classes; they change nothing here, and may be left out.

        Raises:
            ValueError: if shape, dtype or range of an argument are wrong, or a value is not finite.
        """
        return self.code(x, labels)

    def decode(self, codes: Any, labels: Any = None) -> Any:
        """Return the likelihood p(x|k): a tfp distribution, batch shape `(B,)`, event shape `data_shape`.

        Args:
            codes: whole numbers `(B, N)` from 0 to K - 1.
            labels: as in `encode`.

        Raises:
            ValueError: if shape or dtype of an argument are wrong, or a number is out of range.
        """
        codes = validation.codes(codes, self.latent_size, self.num_codes)
        self._condition_for("decoder", labels, tf.shape(codes)[0])
        return self.likelihood_given_maps(self.maps_of(codes))

    def grids(self, codes: Any) -> list[Any]:
        """The codes `(B, N)` as a grid `(B, H, W)` for each level, the smallest first."""
        return self.prior.split(validation.codes(codes, self.latent_size, self.num_codes))

    def reconstruct(self, x: Any, labels: Any = None) -> Any:
        """Return the mean of p(x|k) at the codes of x: `(B,) + data_shape`. Args and errors as in `encode`."""
        return self.decode(self.encode(x, labels)).mean()

    @property
    def noise_size(self) -> int:
        """Number of standard normal values that one sample is made of."""
        return self.prior.noise_size

    def sample_from_noise(self, noise: Any, condition: Any) -> Any:
        """The means of p(x|k) at codes of p(k|c) from standard normal noise `(B, N)`: `(B,) + data_shape`."""
        return self.decode(self.prior.from_noise(noise, condition)).mean()

    def sample(self, n: int | None = None, labels: Any = None, seed: Any = None, temperature: float = 1.0) -> Any:
        """Draw codes from the prior and return the mean of p(x|k): `(n,) + data_shape`.

        Args:
            n: number of images, for a model without classes.
            labels: int labels `(n,)`, one an image, for a model with classes.
            seed: an int; the same seed draws the same images. None draws fresh ones.
            temperature: divides the prior's logits, >= 0; below 1 more typical, less varied.

        Raises:
            ValueError: if `n` is given to a model with classes or `labels` to another, or a value is out of its range.
        """
        n, condition = self._how_many(n, labels)
        temperature = _checks.finite_float("temperature", temperature, minimum=0.0, maximum=100.0)
        p = self.prior_given(condition, temperature)
        codes = p.sample(n if condition is None else (), seed=_random.as_seed(seed))
        return self.likelihood_given_maps(self.maps_of(codes)).mean()

    def elbo(self, x: Any, labels: Any = None) -> Any:
        """Return log p(x|k) + log p(k|c) in nats at the codes k of x: `(B,)`.

        A lower bound on log p(x|c), which is the logarithm of a sum over all codes whose other terms are positive too. Divided by
        -log(2) and the number of elements it is bits per dimension, where the likelihood is of discrete data.

        Args:
            x: as in `encode`.
            labels: int labels `(B,)`, for a model with classes.
        """
        x, condition = self._inputs(x, labels)
        terms = VectorQuantization().terms(self, x, condition, 0, None)
        return terms.elbo

    def _before_training(self, batch: Batch) -> None:
        """Warn of a book with more codes than the data have places for."""
        if isinstance(batch.x, np.ndarray):
            for shape in self.quantizer.shapes:
                places = len(batch.x) * math.prod(shape)
                if places < 10 * self.num_codes:
                    warnings.warn(
                        f"num_codes={self.num_codes}: {len(batch.x)} images have {places} places on a grid of {shape[0]} x "
                        f"{shape[1]}, fewer than ten a code, so many codes will stand for single places. Take "
                        f"num_codes={max(2, places // 10)} or fewer, or more images.",
                        stacklevel=4,
                    )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        common = self._common_config()
        for name in ("latent_size", "prior"):
            del common[name]
        return {
            **common,
            **{name: dict(given) for name, given in self._settings.items()},
            "num_codes": self.num_codes,
            "code_size": self.code_size,
            "downsampling": list(self.downsampling),
            **({} if self.num_classes is None else {"num_classes": self.num_classes}),
        }
