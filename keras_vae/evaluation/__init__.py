"""Figures of a trained model, by the rules of the published tables."""

from keras_vae.evaluation.classes import class_accuracy
from keras_vae.evaluation.likelihood import active_units, likelihood_report

__all__ = ["active_units", "class_accuracy", "likelihood_report"]
