"""What training maximises. A new objective is one class; a model is given one in `compile(objective=...)`."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.objectives.base import Objective, Terms, terms_with
    from keras_vae.objectives.capacity import AnnealedCapacity
    from keras_vae.objectives.elbo import ELBO, kl_divergence
    from keras_vae.objectives.embedded_clustering import EmbeddedClustering
    from keras_vae.objectives.factor_vae import FactorVAE
    from keras_vae.objectives.info_vae import InfoVAE
    from keras_vae.objectives.iwae import IWAE
    from keras_vae.objectives.k_sparse import KSparse
    from keras_vae.objectives.layer_wise import LayerWise
    from keras_vae.objectives.map_dropout import MapDropoutELBO
    from keras_vae.objectives.mmd import MMDTerms, WassersteinMMD, squared_mmd
    from keras_vae.objectives.penalties import L1, ActivationRate, Contraction, DomainAlignment, Penalty
    from keras_vae.objectives.reconstruction import Reconstruction, ReconstructionTerms, part
    from keras_vae.objectives.schedules import Constant, Cyclical, Linear, Schedule
    from keras_vae.objectives.semi_supervised import SemiSupervisedELBO, SemiSupervisedTerms
    from keras_vae.objectives.total_correlation import BetaTCVAE, total_correlation
    from keras_vae.objectives.unit_gaussian_code import UnitGaussianCode
    from keras_vae.objectives.vector_quantization import QuantizationTerms, VectorQuantization

__all__ = [
    "ELBO",
    "IWAE",
    "L1",
    "ActivationRate",
    "AnnealedCapacity",
    "BetaTCVAE",
    "Constant",
    "Contraction",
    "Cyclical",
    "DomainAlignment",
    "EmbeddedClustering",
    "FactorVAE",
    "InfoVAE",
    "KSparse",
    "LayerWise",
    "Linear",
    "MMDTerms",
    "MapDropoutELBO",
    "Objective",
    "Penalty",
    "QuantizationTerms",
    "Reconstruction",
    "ReconstructionTerms",
    "Schedule",
    "SemiSupervisedELBO",
    "SemiSupervisedTerms",
    "Terms",
    "UnitGaussianCode",
    "VectorQuantization",
    "WassersteinMMD",
    "kl_divergence",
    "part",
    "squared_mmd",
    "terms_with",
    "total_correlation",
]

_lazy.attach(__name__)
