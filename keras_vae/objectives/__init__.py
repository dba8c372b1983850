"""What training maximises. A new objective is one class; a model is given one in `compile(objective=...)`."""

from keras_vae.objectives.base import Objective, Terms
from keras_vae.objectives.elbo import ELBO, kl_divergence
from keras_vae.objectives.iwae import IWAE
from keras_vae.objectives.schedules import Constant, Cyclical, Linear, Schedule

__all__ = ["ELBO", "IWAE", "Constant", "Cyclical", "Linear", "Objective", "Schedule", "Terms", "kl_divergence"]
