"""A likelihood of which some elements are known."""

from typing import Any

from keras_vae._backend import tf, tfd
from keras_vae.distributions.broadcasting import check_value


class MaskedLikelihood(tfd.Distribution):
    """p(x|z) where some elements of x are given: its density is that of the others alone, and what is given comes out as it is.

    Args:
        likelihood: independent elements, batch shape `(..., B)`, event shape `event_shape`.
        values: the elements that are given, `(B,) + event_shape`; what it holds elsewhere says nothing.
        given: which they are, bool `(B,) + event_shape`.

    Raises:
        NotImplementedError: if the elements are not independent, so that the others have no density of their own.
    """

    def __init__(self, likelihood: Any, values: Any, given: Any):
        if not isinstance(likelihood, tfd.Independent):
            raise NotImplementedError(
                f"Some elements are given, and a {likelihood.name} says the density of all at once: take a likelihood of "
                "independent elements such as 'bernoulli'."
            )
        self._likelihood, self._values, self._given = likelihood, values, given
        super().__init__(
            dtype=likelihood.dtype,
            reparameterization_type=likelihood.reparameterization_type,
            validate_args=False,
            allow_nan_stats=True,
            parameters={"likelihood": likelihood, "values": values, "given": given},
            name="MaskedLikelihood",
        )

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: int | None = None) -> dict[str, Any]:
        return {}

    def _batch_shape(self) -> Any:
        return self._likelihood.batch_shape

    def _batch_shape_tensor(self, **_: Any) -> Any:
        return self._likelihood.batch_shape_tensor()

    def _event_shape(self) -> Any:
        return self._likelihood.event_shape

    def _event_shape_tensor(self) -> Any:
        return self._likelihood.event_shape_tensor()

    def _log_prob(self, value: Any) -> Any:
        check_value(value, self, getattr(self._likelihood, "support", None))
        each = self._likelihood.distribution.log_prob(value)
        hidden = tf.where(self._given, tf.zeros_like(each), each)
        return tf.reduce_sum(hidden, axis=range(-len(self.event_shape), 0))

    def _mean(self) -> Any:
        return tf.where(self._given, self._values, self._likelihood.mean())

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        return tf.where(self._given, self._values, self._likelihood.sample(n, seed=seed))
