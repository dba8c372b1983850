"""Keras 3 layers whose output is a TensorFlow Probability distribution.

A layer turns a tensor of *unconstrained parameters*, as a `Dense` or `Conv2D` without activation gives them, into a
real `tfp.distributions` object with batch shape `(B,)` and the layer's event shape. `layer.params_shape` says how the
last layer of the network before it has to be shaped. The layers need nothing else of this library:

>>> class Regression(keras.Model):
...     def __init__(self):
...         super().__init__()
...         self.noise = keras_vae.distributions.Gaussian((1,), scale="per_element")
...         self.head = keras.layers.Dense(self.noise.params_shape[-1])
...
...     def call(self, x):  # a tensor, so that predict and save work
...         return self.head(x)
...
...     def train_step(self, data):
...         x, y = data
...         with tf.GradientTape() as tape:
...             loss = -tf.reduce_mean(self.noise(self(x, training=True)).log_prob(y))  # nats
...         self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
...         return {"nll": loss}

After `fit`, `model.noise(model(x))` is p(y|x), with `.mean()`, `.stddev()`, `.sample()` and `.log_prob(y)`.
A distribution is no tensor, so these layers stand inside a subclassed model; a functional model ends with the
parameters. All densities are in nats, and all arithmetic is float32 whatever the precision policy of the networks.
"""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.distributions.base import DistributionLayer, Likelihood, Posterior, Prior
    from keras_vae.distributions.code_prior import CodePrior
    from keras_vae.distributions.detached import detached
    from keras_vae.distributions.discretized_logistic import DiscretizedLogisticDistribution
    from keras_vae.distributions.flows import RealNVP
    from keras_vae.distributions.from_noise import NoiseDistribution, sample_and_log_prob
    from keras_vae.distributions.likelihoods import Bernoulli, ContinuousBernoulli, DiscretizedLogistic, Gaussian
    from keras_vae.distributions.masked_likelihood import MaskedLikelihood
    from keras_vae.distributions.mixtures import MixtureOfGaussians, VampPrior
    from keras_vae.distributions.pixel_cnn import AutoregressiveGrid, PixelCNN
    from keras_vae.distributions.posteriors import DiagonalGaussian, FullCovarianceGaussian
    from keras_vae.distributions.priors import ConditionalGaussian, StandardNormal
    from keras_vae.distributions.spatial_prior import SpatialPrior
    from keras_vae.distributions.top_down import TopDownPosterior, TopDownPrior

__all__ = [
    "AutoregressiveGrid",
    "Bernoulli",
    "CodePrior",
    "ConditionalGaussian",
    "ContinuousBernoulli",
    "DiagonalGaussian",
    "DiscretizedLogistic",
    "DiscretizedLogisticDistribution",
    "DistributionLayer",
    "FullCovarianceGaussian",
    "Gaussian",
    "Likelihood",
    "MaskedLikelihood",
    "MixtureOfGaussians",
    "NoiseDistribution",
    "PixelCNN",
    "Posterior",
    "Prior",
    "RealNVP",
    "SpatialPrior",
    "StandardNormal",
    "TopDownPosterior",
    "TopDownPrior",
    "VampPrior",
    "detached",
    "sample_and_log_prob",
]

_lazy.attach(__name__)
