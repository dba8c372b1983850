"""The measures on codes whose worth is known: the factors themselves, noise, each factor twice, a rotation of all."""

import numpy as np
import pytest

from keras_vae import evaluation
from keras_vae.data import Shapes

SMALL = Shapes({"shape": 3, "brightness": 1, "scale": 4, "rotation": 1, "x": 5, "y": 5})
N = 4000


@pytest.fixture(scope="module")
def factors():
    return SMALL.factors(N, seed=0)[:, [0, 2, 4, 5]]


def _standard(factors):
    return (factors - factors.mean(axis=0)) / factors.std(axis=0)


def _codes(kind, factors):
    """Codes `(N, 8)`."""
    random = np.random.default_rng(1)
    noise = random.normal(size=(len(factors), 4))
    v = _standard(factors) + 0.01 * random.normal(size=factors.shape)
    if kind == "perfect":
        return np.concatenate([v, noise], axis=1)
    if kind == "useless":
        return random.normal(size=(len(factors), 8))
    if kind == "duplicated":
        return np.concatenate([v, v], axis=1)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    return np.concatenate([v @ rotation, noise], axis=1)


def _measures(kind, factors):
    codes = _codes(kind, factors)
    return {
        "mig": evaluation.mutual_information_gap(codes, factors),
        "sap": evaluation.separated_attribute_predictability(codes, factors, categorical=[0]),
        **evaluation.dci(codes, factors),
    }


def test_perfect_codes(factors):
    found = _measures("perfect", factors)
    # One bin holds one value of a factor, so the best latent says all; noise in twenty bins says next to nothing.
    assert found["mig"] > 0.97
    # The shape by thresholds: 1 less the 1/3 of a guess; the others 1.
    assert found["sap"] == pytest.approx((2 / 3 + 3) / 4, abs=0.02)
    assert found["dci_disentanglement"] > 0.98
    assert found["dci_completeness"] > 0.98
    assert found["dci_informativeness"] > 0.99


def test_useless_codes(factors):
    found = _measures("useless", factors)
    assert found["mig"] < 0.01
    assert found["sap"] < 0.02
    assert found["dci_disentanglement"] < 0.02
    assert found["dci_completeness"] < 0.05
    assert found["dci_informativeness"] == pytest.approx(np.mean([1 / 3, 1 / 4, 1 / 5, 1 / 5]), abs=0.03)


def test_each_factor_twice_is_disentangled_but_not_complete(factors):
    found = _measures("duplicated", factors)
    assert found["mig"] == pytest.approx(0.0, abs=1e-9)
    assert found["sap"] == pytest.approx(0.0, abs=1e-9)
    assert found["dci_disentanglement"] > 0.98
    # Two latents of eight share each factor: 1 - log 2 / log 8.
    assert found["dci_completeness"] == pytest.approx(1 - np.log(2) / np.log(8), abs=0.1)
    assert found["dci_informativeness"] > 0.99


def test_rotated_codes_say_all_and_separate_nothing(factors):
    found, perfect = _measures("rotated", factors), _measures("perfect", factors)
    assert found["dci_informativeness"] > 0.6
    for name in ("mig", "sap", "dci_disentanglement", "dci_completeness"):
        assert found[name] < 0.7 * perfect[name], name


@pytest.mark.parametrize("kind", ["real numbers", "whole numbers, hardly two alike"])
def test_continuous_factors_are_put_into_bins(kind):
    """Where each example has a value of its own, every latent knows the values of the examples that it was counted on."""
    random = np.random.default_rng(0)
    factors = random.uniform(size=(3000, 2)) if kind == "real numbers" else random.integers(0, 10**6, (3000, 2))
    unknown = random.normal(size=(3000, 3))
    known = np.concatenate([_standard(factors) + 0.01 * random.normal(size=factors.shape), unknown[:, :1]], axis=1)
    for codes, low, high in ((known, 0.8, 1.0), (unknown, 0.0, 0.06)):
        found = {
            "mig": evaluation.mutual_information_gap(codes, factors),
            "sap": evaluation.separated_attribute_predictability(codes, factors),
            **evaluation.dci(codes, factors),
        }
        del found["dci_completeness"]
        assert low <= found.pop("dci_informativeness") <= high + 0.05
        assert all(low <= value <= high for value in found.values()), found


def test_values_that_are_not_whole_are_those_of_their_order(factors):
    """Fractions of a grid are as many classes as there are, and not bins."""
    codes = _codes("perfect", factors)
    for measure in (evaluation.mutual_information_gap, evaluation.dci):
        assert measure(codes, factors / 7 + 0.1) == measure(codes, factors)
    with pytest.raises(ValueError, match="Factor 1 is categorical, and has 4000 values among 4000 examples"):
        evaluation.separated_attribute_predictability(
            codes, np.stack([factors[:, 0], np.random.default_rng(0).uniform(size=N)], axis=1), categorical=[0, 1]
        )


def test_mig_by_hand():
    factor = np.repeat([0, 1], 50)[:, None]
    agrees = np.where(np.arange(100) % 50 < 40, factor[:, 0], 1 - factor[:, 0])  # says the factor with 80 % certainty
    codes = np.stack([factor[:, 0], agrees], axis=1)
    h = -0.8 * np.log(0.8) - 0.2 * np.log(0.2)
    expected = (np.log(2) - (np.log(2) - h)) / np.log(2)
    assert evaluation.mutual_information_gap(codes, factor) == pytest.approx(expected)


def _read_off(images):
    """Codes that are the factors x, y and the area of the one shape, measured in the picture."""
    mass = images[..., 0].astype(float)
    rows, columns = np.mgrid[:64, :64]
    total = mass.sum(axis=(1, 2))
    x, y = ((mass * places).sum(axis=(1, 2)) / total for places in (columns, rows))
    return np.stack([x, y, np.sqrt(total)], axis=1)


def test_factor_vae_score():
    shapes = Shapes({"shape": 1, "brightness": 1, "scale": 4, "rotation": 1, "x": 4, "y": 4})
    options = {"votes": 60, "examples": 20}
    assert evaluation.factor_vae_score(_read_off, shapes, **options) == 1.0
    twice = lambda images: np.tile(_read_off(images), (1, 2))  # noqa: E731
    assert evaluation.factor_vae_score(twice, shapes, **options) == 1.0
    random = np.random.default_rng(0)
    noise = lambda images: random.normal(size=(len(images), 6))  # noqa: E731
    assert evaluation.factor_vae_score(noise, shapes, **options) < 0.6
    dead = lambda images: np.concatenate([_read_off(images), np.full((len(images), 1), 0.5)], axis=1)  # noqa: E731
    assert evaluation.factor_vae_score(dead, shapes, **options) == 1.0


def test_the_report_of_codes_that_are_the_factors():
    shapes = Shapes({"shape": 1, "brightness": 1, "scale": 4, "rotation": 1, "x": 4, "y": 4})
    found = evaluation.disentanglement_report(_read_off, shapes, num_examples=1000)
    assert set(found) == {
        "mig",
        "sap",
        "dci_disentanglement",
        "dci_completeness",
        "dci_informativeness",
        "factor_vae_score",
    }
    assert min(found.values()) > 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: evaluation.mutual_information_gap(np.zeros((5, 2)), f), r"codes of shape \(5, 2\) and factors"),
        (lambda f: evaluation.mutual_information_gap(np.zeros((N, 1)), f), "There is one latent"),
        (lambda f: evaluation.dci(np.full((N, 2), np.nan), f), "infinite or NaN"),
        (lambda f: evaluation.dci(np.zeros((N, 2)), np.zeros((N, 2), int)), "Factor 0 has the same value in all"),
        (lambda f: evaluation.mutual_information_gap(np.zeros((N, 2)), f, bins=1), "bins=1"),
        (lambda f: evaluation.dci(np.eye(N, 2), np.full((N, 2), np.inf)), "Of the factors, one is infinite or NaN"),
        (lambda f: evaluation.dci(np.ones((N, 2)), f), "The codes of all examples are the same"),
        (lambda f: evaluation.dci(np.eye(N, 2), f.astype(str)), "The factors have dtype"),
        (lambda f: evaluation.separated_attribute_predictability(np.eye(N, 2), f, [9]), "categorical=9"),
        (lambda f: evaluation.factor_vae_score(lambda x: np.ones((len(x), 2)), SMALL, votes=1), "codes of all images"),
        (lambda f: evaluation.factor_vae_score(_read_off, SMALL, votes=0), "votes=0"),
        (
            lambda f: evaluation.factor_vae_score(_read_off, Shapes({**dict.fromkeys(Shapes.DEFAULTS, 1), "x": 3})),
            "Only the factor 'x' varies",
        ),
    ],
)
def test_bad_input(call, message, factors):
    with pytest.raises(ValueError, match=message):
        call(factors)
