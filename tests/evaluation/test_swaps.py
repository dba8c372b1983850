"""A swap is scored against the truth, and beside what does nothing."""

import numpy as np
import pytest

from keras_vae import data, evaluation
from keras_vae.models import SwapAutoencoder, TranslatesDomains


@TranslatesDomains.register
class _Oracle:
    """Stands for a model; swaps by the rule itself, with a constant error."""

    def __init__(self, truth, error):
        self.truth, self.error, self.seen = truth, error, [0, 0]

    def swap(self, x, domains):
        start = self.seen[domains]
        self.seen[domains] += len(x)
        return self.truth[domains][start : start + len(x)] + self.error


def test_the_outline_is_the_difference_of_dilation_and_erosion(rng):
    from scipy import ndimage

    images = rng.integers(0, 256, size=(3, 9, 8, 1)).astype("uint8")
    size = (1, 3, 3, 1)
    expected = ndimage.grey_dilation(images, size, mode="constant") - ndimage.grey_erosion(
        images, size, mode="constant"
    )
    np.testing.assert_array_equal(data.outlined(images), expected)


def test_training_sees_no_digit_in_both_domains():
    mixed, domains = data.read("digits_outlines", "train")
    plain, _ = data.read("digits", "train")
    np.testing.assert_array_equal(domains, np.arange(len(plain)) % 2)
    np.testing.assert_array_equal(mixed[::2], plain[::2])
    np.testing.assert_array_equal(mixed[1::2], data.outlined(plain[1::2]))
    (first, second), labels = data.pairs("digits_outlines", "test")
    images, expected = data.arrays("digits", "test")
    np.testing.assert_allclose(first, images, atol=1e-6)
    np.testing.assert_allclose(second, data.outlined(first), atol=1e-6)
    np.testing.assert_array_equal(labels, expected)
    with pytest.raises(ValueError, match="name='mnist': must be one of 'mnist_outlines'"):
        data.pairs("mnist")


def test_the_report_compares_with_the_truth_and_with_floors():
    domains, labels = data.pairs("digits_outlines", "test")
    judged = []

    def judge(domain):
        def of(images):
            judged.append((domain, len(images)))
            return np.where(np.arange(len(images)) < 36, -1, labels)

        return of

    def domain_judge(images):
        return np.full(len(images), 1)

    model = _Oracle(domains, 0.1)
    found = evaluation.swap_report(model, domains, labels, [judge(0), judge(1)], domain_judge, domains)
    assert found["psnr_there"] == pytest.approx(20.0, abs=1e-3)
    assert found["psnr_back"] == pytest.approx(20.0, abs=1e-3)
    error = np.mean((domains[0] - domains[1]) ** 2)
    assert found["psnr_identity_there"] == found["psnr_identity_back"] == pytest.approx(-10 * np.log10(error), rel=1e-5)
    assert found["psnr_neighbour_there"] < 20
    assert (found["domain_taken_there"], found["domain_taken_back"]) == (1.0, 0.0)
    assert found["label_kept_there"] == pytest.approx(1 - 36 / len(labels))
    assert found["label_of_truth_back"] == found["label_kept_back"]  # this judge counts, and does not look
    assert judged == [(1, len(labels))] * 2 + [(0, len(labels))] * 2


def test_domains_of_different_shapes_are_refused(rng):
    first, second = rng.uniform(size=(2, 8, 8, 1)).astype("float32"), rng.uniform(size=(2, 6, 8, 1)).astype("float32")
    with pytest.raises(ValueError, match=r"domains have shapes \(2, 8, 8, 1\), \(2, 6, 8, 1\).*Pad or resize"):
        evaluation.swap_report(None, [first, second], np.zeros(2, int), [], None, [first, second])
    model = SwapAutoencoder((8, 8, 1), 4, num_domains=2)
    model.compile()
    with pytest.raises(ValueError, match=r"\(2, 6, 8, 1\)"):
        model.fit(second, np.ones(2, int), verbose=0)
