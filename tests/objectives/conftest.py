"""A model whose log p(x) is exact, for all objectives."""

import numpy as np
import pytest
from scipy import stats

from keras_vae import VAE
from keras_vae._backend import tfb
from keras_vae.distributions.base import inverse_positive

D, Z, S = 5, 2, 0.7


@pytest.fixture
def linear_gaussian(rng):
    """A VAE that is affine all through, its posterior the true one, and its exact log p(x)."""
    model = VAE(
        (D,), Z, hidden_units=(), posterior="full_covariance_gaussian", likelihood={"name": "gaussian", "scale": S}
    )
    w, b = rng.normal(size=(D, Z)), rng.normal(size=D)
    model.decoder.get_layer("pixels").kernel.assign(w.T)
    model.decoder.get_layer("output").bias.assign(b)
    # p(z|x) = N(C W^T (x - b) / s^2, C), C = (I + W^T W / s^2)^-1.
    c = np.linalg.inv(np.eye(Z) + w.T @ w / S**2)
    gain, lower = c @ w.T / S**2, np.linalg.cholesky(c)
    raw = lower.copy()
    np.fill_diagonal(raw, inverse_positive(np.diag(lower), 1e-5))
    head = model.encoder.get_layer("output")
    # TFP fills triangles in its own order; ask it for the vector of our matrix.
    fill = tfb.FillTriangular().inverse(raw.astype("float32")).numpy()
    head.kernel.assign(np.concatenate([gain, np.zeros((len(fill), D))]).T)
    head.bias.assign(np.concatenate([-gain @ b, fill]))
    x = rng.normal(size=(64, Z)) @ w.T + b + S * rng.normal(size=(64, D))
    exact = stats.multivariate_normal(b, w @ w.T + S**2 * np.eye(D)).logpdf(x)
    return model, x.astype("float32"), exact
