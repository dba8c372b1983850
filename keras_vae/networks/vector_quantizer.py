"""Vector quantisation: continuous features become the nearest of a book of codes."""

from typing import Any, NamedTuple

from keras_vae import _checks, _random, _replicas
from keras_vae._backend import keras, serializable, tf

UPDATES = ("ema", "gradient")


class Quantized(NamedTuple):
    """What a quantiser makes of features `(B, ..., D)`."""

    codes: Any
    """The nearest codes `(B, ..., D)`; their gradient goes to the features as it is (straight-through)."""
    indices: Any
    """Their numbers in the book, int32 `(B, ...)`."""
    distance: Any
    """||features - code||^2, summed over positions and elements, `(B,)`: the commitment term; its gradient goes to the features."""
    codebook_loss: Any
    """The same value, whose gradient goes to the codes; zero where averages move them."""


@serializable
class VectorQuantizer(keras.layers.Layer):
    """A book of K codes of size D, and for each feature vector the nearest of them: van den Oord et al. (2017), section 3.

    In training, while it is trainable, the book learns:

    - from the first batch on it consists of feature vectors drawn from that batch, so that every code starts where data are;
    - with `update="ema"` each code is the moving average of the features that chose it (appendix A.1), with `"gradient"` it is
      pulled there by the optimizer, through `codebook_loss`;
    - a code that hardly any feature chooses is set to a feature vector of the batch.

    Args:
        num_codes: K.
        code_size: D.
        update: `"ema"` or `"gradient"`.
        decay: of the moving averages, also of the counts that tell which code is hardly chosen.
        restart_below: a code whose moving count is below this share of an even share, 1 / K, starts anew; 0 for never.

    Raises:
        ValueError: if an argument is out of its range, or features have another size than the codes.
    """

    def __init__(
        self,
        num_codes: int = 512,
        code_size: int = 64,
        update: str = "ema",
        decay: float = 0.99,
        restart_below: float = 0.03,
        **kwargs: Any,
    ):
        # Distances are differences of squares, which half precision does not hold.
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.num_codes = _checks.positive_int("num_codes", num_codes, minimum=2)
        self.code_size = _checks.positive_int("code_size", code_size)
        self.update = _checks.one_of("update", update, UPDATES)
        self.decay = _checks.finite_float("decay", decay, minimum=0.0, maximum=0.99999)
        self.restart_below = _checks.finite_float("restart_below", restart_below, minimum=0.0, maximum=1.0)

        def state(name: str, *shape: int) -> Any:
            return self.add_weight(shape=shape, initializer="zeros", trainable=False, aggregation="mean", name=name)

        self.codebook = self.add_weight(
            shape=(self.num_codes, self.code_size),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=self.update == "gradient",
            aggregation="mean",
            name="codebook",
        )
        self.counts = state("counts", self.num_codes)
        self.sums = state("sums", self.num_codes, self.code_size) if self.update == "ema" else None
        self.started = state("started")
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("num_codes", "code_size", "update", "decay", "restart_below")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}

    def call(self, features: Any, seed: Any = None, training: bool = False) -> Quantized:
        """Quantise features `(B, ..., D)`.

        Args:
            features: floats.
            seed: stateless, of the choice of features that codes start from; needed in training.
            training: whether the book learns from these features.
        """
        if features.shape[-1] != self.code_size:
            raise ValueError(
                f"The features have {features.shape[-1]} elements: the codes have code_size={self.code_size}."
            )
        features = tf.cast(features, tf.float32)
        flat = tf.reshape(tf.stop_gradient(features), (-1, self.code_size))
        learns = training and self.trainable
        if learns:
            # Under a strategy all replicas learn from the features of all, and alike.
            shared, seed = _replicas.gathered(flat), _replicas.first(seed)
            self._start(shared, seed)
        book = tf.convert_to_tensor(self.codebook)
        indices = self._nearest(flat, book)
        codes = tf.reshape(tf.gather(book, indices), tf.shape(features))
        fixed = tf.stop_gradient(codes)
        axes = list(range(1, len(features.shape)))
        distance = tf.reduce_sum(tf.square(features - fixed), axis=axes)
        pulled = tf.reduce_sum(tf.square(tf.stop_gradient(features) - codes), axis=axes)
        if learns:
            self._learn(shared, _replicas.gathered(indices), seed)
        return Quantized(
            features + tf.stop_gradient(codes - features),
            tf.reshape(indices, tf.shape(features)[:-1]),
            distance,
            pulled if self.update == "gradient" else tf.zeros_like(pulled),
        )

    def lookup(self, indices: Any) -> Any:
        """The codes `(..., D)` of numbers `(...)`, from 0 to K - 1."""
        return tf.gather(tf.convert_to_tensor(self.codebook), indices)

    def _nearest(self, flat: Any, book: Any) -> Any:
        # Less |features|^2, which is the same for all codes.
        distance = tf.reduce_sum(tf.square(book), axis=1) - 2.0 * tf.matmul(flat, book, transpose_b=True)
        return tf.argmin(distance, axis=1, output_type=tf.int32)

    def _start(self, flat: Any, seed: Any) -> None:
        """Before the first step, take the codes from the data."""
        drawn = self._drawn(flat, _random.fold_in(seed, 0))
        fresh = self.started < 0.5
        self.codebook.assign(tf.where(fresh, drawn, self.codebook))
        even = tf.fill((self.num_codes,), self._even_share(flat))
        self.counts.assign(tf.where(fresh, even, self.counts))
        if self.sums is not None:
            self.sums.assign(tf.where(fresh, drawn * even[:, None], self.sums))
        self.started.assign(1.0)

    def _learn(self, flat: Any, indices: Any, seed: Any) -> None:
        chosen = tf.one_hot(indices, self.num_codes)  # (N, K)
        counts = self.decay * self.counts + (1.0 - self.decay) * tf.reduce_sum(chosen, axis=0)
        book = tf.convert_to_tensor(self.codebook)
        even = self._even_share(flat)
        dead = counts < self.restart_below * even
        drawn = self._drawn(flat, _random.fold_in(seed, 1))
        if self.sums is not None:
            sums = self.decay * self.sums + (1.0 - self.decay) * tf.matmul(chosen, flat, transpose_a=True)
            # A code that nothing has chosen for long stays where it is.
            book = tf.where(counts[:, None] > 1e-6, sums / tf.maximum(counts, 1e-6)[:, None], book)
            self.sums.assign(tf.where(dead[:, None], drawn * even, sums))
        self.codebook.assign(tf.where(dead[:, None], drawn, book))
        self.counts.assign(tf.where(dead, even, counts))

    def _even_share(self, flat: Any) -> Any:
        return tf.cast(tf.shape(flat)[0], tf.float32) / self.num_codes

    def _drawn(self, flat: Any, seed: Any) -> Any:
        """A feature vector of the batch for each code; no two the same, even where there are fewer vectors than codes."""
        count = tf.shape(flat)[0]
        order = tf.argsort(_random.uniform((count,), _random.fold_in(seed, 0)))
        taken = tf.gather(flat, tf.gather(order, tf.range(self.num_codes) % count))
        spread = tf.math.reduce_std(flat, axis=0)
        return taken + 1e-3 * spread * _random.normal((self.num_codes, self.code_size), _random.fold_in(seed, 1))


def perplexity(indices: Any, num_codes: int) -> Any:
    """exp of the entropy of the codes' shares in a batch of indices of any shape: from 1, one code, to K, all of them evenly."""
    num_codes = _checks.positive_int("num_codes", num_codes)
    share = tf.reduce_mean(tf.one_hot(tf.reshape(indices, (-1,)), num_codes), axis=0)
    return tf.exp(-tf.reduce_sum(tf.math.xlogy(share, share)))
