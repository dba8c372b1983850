"""Figures of a trained model, by the rules of the published tables."""

from typing import TYPE_CHECKING

from keras_vae import _lazy

if TYPE_CHECKING:
    from keras_vae.evaluation.annealing import annealed_importance_estimate
    from keras_vae.evaluation.classes import class_accuracy
    from keras_vae.evaluation.clustering import (
        cluster,
        clustering_accuracy,
        clustering_report,
        normalized_mutual_information,
    )
    from keras_vae.evaluation.code_report import (
        ClassifierRecipe,
        CodesRecipe,
        ProbeRecipe,
        classifier_error,
        code_report,
        error_of_labels_alone,
    )
    from keras_vae.evaluation.codebook import codebook_report
    from keras_vae.evaluation.completion import completion_report, prior_log_prob, trained_completer
    from keras_vae.evaluation.disentanglement import (
        dci,
        disentanglement_report,
        factor_vae_score,
        mutual_information_gap,
        separated_attribute_predictability,
    )
    from keras_vae.evaluation.likelihood import active_units, likelihood_report
    from keras_vae.evaluation.metrics import Metric, register_metric
    from keras_vae.evaluation.probes import (
        Spread,
        error_rate,
        few_labels,
        linear_probe,
        shallow_probe,
        spread,
    )
    from keras_vae.evaluation.reconstruction import reconstruction_report
    from keras_vae.evaluation.report import TestSet, figures, report
    from keras_vae.evaluation.swaps import psnr, swap_report, trained_judge

__all__ = [
    "ClassifierRecipe",
    "CodesRecipe",
    "Metric",
    "ProbeRecipe",
    "Spread",
    "TestSet",
    "active_units",
    "annealed_importance_estimate",
    "class_accuracy",
    "classifier_error",
    "cluster",
    "clustering_accuracy",
    "clustering_report",
    "code_report",
    "codebook_report",
    "completion_report",
    "dci",
    "disentanglement_report",
    "error_of_labels_alone",
    "error_rate",
    "factor_vae_score",
    "few_labels",
    "figures",
    "likelihood_report",
    "linear_probe",
    "mutual_information_gap",
    "normalized_mutual_information",
    "prior_log_prob",
    "psnr",
    "reconstruction_report",
    "register_metric",
    "report",
    "separated_attribute_predictability",
    "shallow_probe",
    "spread",
    "swap_report",
    "trained_completer",
    "trained_judge",
]

_lazy.attach(__name__)
