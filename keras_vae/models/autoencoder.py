"""The deterministic autoencoder."""

from typing import Any

from keras_vae import _checks, _named, networks
from keras_vae._backend import keras, serializable, tf
from keras_vae.models import validation
from keras_vae.models.base import EncoderDecoder
from keras_vae.models.capabilities import DeterministicCode
from keras_vae.models.symbols import Symbol
from keras_vae.networks import Architecture
from keras_vae.objectives import Objective, Reconstruction, ReconstructionTerms, formulas


@serializable
class Autoencoder(DeterministicCode, EncoderDecoder):
    """Autoencoder: a code of the data, and the data back from the code; shallow, deep or convolutional, as the network says.

    It is trained by the log-likelihood of its input, in nats an example: cross-entropy for a Bernoulli, the squared error over 2
    (and a constant) for a Gaussian of scale 1. A code is a vector, not a distribution, and there is no prior to sample from.

    >>> model = Autoencoder(data_shape=(28, 28, 1), latent_size=32)
    >>> model.compile("adam")
    >>> model.fit(images, epochs=10)
    >>> codes = model.encode(images)

    Args:
        data_shape: shape of one example, any rank.
        latent_size: size Z of the code.
        network: `"mlp"`, `"tied_mlp"` (the decoder has the encoder's weights, transposed), `"conv_net"`, a dict with that name and
            arguments such as `{"name": "mlp", "hidden_units": [1000, 500, 250]}`, or a `networks.Architecture`.
        code_activation: name of the Keras activation of the code.
        likelihood: `"bernoulli"` (grey values from 0 to 1 may be in it, as weights of the cross-entropy), `"gaussian"`, or any
            other as in `VAE`.
        **kwargs: `name` and the like, as in every Keras model.

    Raises:
        ValueError: if an argument is out of its range, naming it.
    """

    terms_type: Any = ReconstructionTerms
    condition_reaches = ("decoder",)
    _decoded_by = "model.reconstruct(x)"

    def __init__(
        self,
        data_shape: Any,
        latent_size: int,
        network: Any = "mlp",
        code_activation: str = "linear",
        likelihood: Any = "bernoulli",
        **kwargs: Any,
    ):
        super().__init__(
            architecture=_named.build("network", networks, Architecture, network),
            data_shape=data_shape,
            latent_size=latent_size,
            likelihood=likelihood,
            **kwargs,
        )
        self.code_activation = _checks.activation_name(code_activation)
        self._build_networks(self.latent_size)
        self._code_layers = self.code_layers()
        for layer in self._code_layers:
            layer.build((None, self.latent_size))

    @property
    def parts(self) -> dict[str, Any]:
        """The three parts by name; their variables are all that the model has."""
        return {name: getattr(self, name) for name in ("encoder", "decoder", "likelihood")}

    @property
    def condition_symbol(self) -> Symbol | None:
        """None: the code has no condition."""
        return None

    def symbols(self, objective: Any, condition: str) -> list[Symbol]:
        """What the encoder is given, the code and the reconstruction: see `EncoderDecoder.symbols`."""
        seen, rows = "x", []
        corruption = getattr(objective, "corruption", None)
        if corruption is not None:
            seen = "x̃"
            own = getattr(self.default_objective(), "corruption", None) is not None
            where = "in fit and evaluate" if own else "in fit alone"
            rows.append(Symbol("x̃", f"x with {formulas.in_words(corruption)}", where))
        return [
            *rows,
            Symbol("h", f"{self.latent_size} numbers, encoder({seen})", "model.encode(x)"),
            Symbol("x̂", "the mean of p(x | h), of decoder(h)", self._decoded_by),
        ]

    def condition_of(self, labels: Any, batch_size: Any) -> Any:
        """There is no condition."""
        return None

    def default_objective(self) -> Objective:
        """The log-likelihood of the input, without a penalty."""
        return Reconstruction()

    def code_given(self, x: Any, condition: Any, training: bool = False) -> Any:
        """The codes `(B, Z)` of data that need no check. The encoder is told no condition."""
        return self.code_of(self.encoder_outputs(x, condition, training))

    def encoder_outputs(self, x: Any, condition: Any, training: bool = False) -> Any:
        """What the encoder puts out, before the code's activation."""
        return self.encoder(x, training=training)

    def code_of(self, outputs: Any) -> Any:
        """The codes `(B, Z)` of what the encoder puts out, `(B, Z)`."""
        for layer in self._code_layers:
            outputs = layer(outputs)
        return outputs

    def code_layers(self) -> list[keras.layers.Layer]:
        """New layers that make codes of what the encoder puts out; they have no weights."""
        return [keras.layers.Activation(self.code_activation, dtype="float32", name="code")]

    def encode(self, x: Any, labels: Any = None) -> Any:
        """Return the codes: `(B, Z)`.

        Args:
            x: data, `(B,) + data_shape`, in the range of the likelihood.
            labels: int `(B,)`, for a model whose decoder takes them; they change nothing here, and may be left out.

        Raises:
            ValueError: if shape, dtype or range of an argument are wrong, or a value is not finite.
        """
        return self.code(x, labels)

    def decode(self, codes: Any, labels: Any = None) -> Any:
        """Return the likelihood p(x|code): a tfp distribution, batch shape `(B,)`, event shape `data_shape`.

        Args:
            codes: `(B, Z)`.
            labels: int `(B,)`, for a model whose decoder takes them.

        Raises:
            ValueError: if shape, dtype or range of an argument are wrong, or a value is not finite.
        """
        z = validation.latents(codes, self.latent_size)
        return self.likelihood_given(z, self._condition(labels, tf.shape(z)[-2]))

    def reconstruct(self, x: Any, labels: Any = None) -> Any:
        """Return the mean of p(x|code of x): `(B,) + data_shape`. Arguments and errors as in `encode`."""
        x, condition = self._inputs(x, labels)
        return self.likelihood_given(self.code_given(x, condition), condition).mean()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **self._common_config(),
            "network": _named.described(self.architecture),
            "code_activation": self.code_activation,
        }
