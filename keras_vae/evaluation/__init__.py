"""Figures of a trained model, by the rules of the published tables."""

from keras_vae.evaluation.annealing import annealed_importance_estimate
from keras_vae.evaluation.classes import class_accuracy
from keras_vae.evaluation.likelihood import active_units, likelihood_report

__all__ = ["active_units", "annealed_importance_estimate", "class_accuracy", "likelihood_report"]
