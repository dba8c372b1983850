"""Which latents are active (Burda et al., 2016, section 5.2): the one definition for training and evaluation."""

import numpy as np

LEAST_VARIANCE = 0.01
"""Least variance over the data of an active latent's posterior mean; that of a standard normal prior is 1."""


def active(means: np.ndarray) -> np.ndarray:
    """Whether each latent is active: Var_x(E_q[z_j|x]) > 0.01.

    Args:
        means: of the posterior, by example, `(N, Z)`.

    Returns:
        bool `(Z,)`.
    """
    return means.var(axis=0) > LEAST_VARIANCE
