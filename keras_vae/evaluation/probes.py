"""What a code knows of labels that it was not trained on: probes on frozen codes, with all labels or few."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_vae import _checks
from keras_vae.data import choose_labelled
from keras_vae.evaluation import inputs

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""From training codes, their labels, test codes and a seed to the labels predicted for the test codes."""


class Spread(NamedTuple):
    """A figure over several draws."""

    mean: float
    stddev: float
    """Standard deviation over the draws, 0 for one."""
    values: tuple[float, ...]


SCALINGS = ("each", "shared")
"""How codes are scaled before a linear classifier sees them: see `linear_probe`."""


def linear_probe(
    codes: np.ndarray,
    labels: np.ndarray,
    test_codes: np.ndarray,
    seed: int = 0,
    inverse_penalty: float = 1.0,
    scaling: str = "each",
) -> np.ndarray:
    """Predict labels by logistic regression on scaled codes (scikit-learn's).

    Args:
        codes: `(N, Z)`, for training.
        labels: int `(N,)`.
        test_codes: `(M, Z)`.
        seed: without effect, as the solver draws nothing; here so that all probes are called alike.
        inverse_penalty: C, one over the weight of the squared norm of the coefficients; smaller is a stronger penalty.
        scaling: `"each"` gives each number of the codes mean 0 and standard deviation 1; `"shared"` divides all by one standard
            deviation, so that zeros of a sparse code stay zeros and rare units stay small.

    Returns:
        Labels, int `(M,)`.

    Raises:
        ValueError: if the penalty or the scaling is out of its range, or codes and labels are not what they must be.
    """
    with _checks.extra("eval", "A classifier on codes"):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler

    codes, labels, test_codes = _checked(codes, labels, test_codes)
    c = _checks.finite_float("inverse_penalty", inverse_penalty, minimum=1e-9, maximum=1e9)
    shared = codes.std() or 1.0
    scalers = {"each": StandardScaler(), "shared": FunctionTransformer(lambda given: given / shared)}
    scaler = scalers[_checks.one_of("scaling", scaling, SCALINGS)]
    return make_pipeline(scaler, LogisticRegression(C=c, max_iter=2000)).fit(codes, labels).predict(test_codes)


def shallow_probe(codes: np.ndarray, labels: np.ndarray, test_codes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Predict labels by a network of one hidden layer of 100 units on standardised codes (scikit-learn's).

    Arguments and result as in `linear_probe`; the seed is that of the network's weights and of the order.
    """
    with _checks.extra("eval", "A classifier on codes"):
        from sklearn.neural_network import MLPClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

    codes, labels, test_codes = _checked(codes, labels, test_codes)
    network = MLPClassifier((100,), alpha=1e-3, max_iter=500, random_state=seed)
    return make_pipeline(StandardScaler(), network).fit(codes, labels).predict(test_codes)


def error_rate(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Share of labels that were not predicted.

    Args:
        labels: whole numbers or words, `(N,)`.
        predicted: the same kind of labels, `(N,)`.

    Raises:
        ValueError: if one of them has another shape or dtype, or there are none.
    """
    labels, predicted = inputs.labels("labels", labels), inputs.labels("predicted", predicted)
    inputs.same_length(labels=labels, predicted=predicted)
    words = [values.dtype.kind in "US" for values in (labels, predicted)]
    if words[0] != words[1]:
        raise ValueError(
            f"labels have dtype {labels.dtype} and predicted {predicted.dtype}: words never equal numbers. Give both as one kind."
        )
    return float(np.mean(labels != predicted))


def few_labels(
    codes: np.ndarray,
    labels: np.ndarray,
    test_codes: np.ndarray,
    test_labels: np.ndarray,
    counts: Sequence[int] = (100, 1000, 3000),
    draws: int = 5,
    fit: Fit = linear_probe,
) -> dict[int, Spread]:
    """Error on test codes of a classifier that was shown few labels, over several draws of which.

    Args:
        codes: `(N, Z)`, of all training examples.
        labels: int `(N,)`, of which few are shown.
        test_codes: `(M, Z)`.
        test_labels: int `(M,)`.
        counts: how many labels.
        draws: of the labelled examples, with the seeds 0, 1, ...
        fit: `linear_probe`, `shallow_probe`, or a function like them.

    Returns:
        The error rate by count.

    Raises:
        ValueError: if a count leaves a class empty, or codes and labels are not what they must be.
    """
    draws = _checks.positive_int("draws", draws)
    codes, labels, test_codes = _checked(codes, labels, test_codes)
    test_labels = inputs.labels("test_labels", test_labels)
    inputs.same_length(test_codes=test_codes, test_labels=test_labels)
    return {
        count: spread([_error(codes, labels, test_codes, test_labels, count, s, fit) for s in range(draws)])
        for count in counts
    }


def spread(values: Sequence[float]) -> Spread:
    """Mean and standard deviation of figures.

    Raises:
        ValueError: if there are none, or one is not finite.
    """
    if not len(values) or not np.isfinite(np.asarray(values, "float64")).all():
        raise ValueError(f"values={list(values)}: must be one or more finite numbers.")
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0, tuple(values))


def _checked(codes: Any, labels: Any, test_codes: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training codes, their labels and test codes, all fit for a classifier."""
    codes, test_codes = inputs.codes("codes", codes), inputs.codes("test_codes", test_codes)
    labels = inputs.labels("labels", labels)
    inputs.same_length(codes=codes, labels=labels)
    if codes.shape[1] != test_codes.shape[1]:
        raise ValueError(
            f"codes have {codes.shape[1]} numbers per example and test_codes {test_codes.shape[1]}: must be as many."
        )
    if len(np.unique(labels)) < 2:
        raise ValueError(f"All labels are {labels[0]}: a classifier needs two classes or more.")
    return codes, labels, test_codes


def _error(codes: Any, labels: Any, test_codes: Any, test_labels: Any, count: int, seed: int, fit: Fit) -> float:
    chosen = choose_labelled(labels, count, seed)
    return error_rate(test_labels, fit(codes[chosen], labels[chosen], test_codes, seed))
