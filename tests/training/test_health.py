"""The health check finds each fault in a made history, and none in the curves of healthy runs."""

import dataclasses
import math
import time

import numpy as np
import pytest

from keras_vae.training import Facts, findings

STEPS = 50


def facts(**changes):
    base = {"dimensions": 784, "steps_per_epoch": STEPS, "epochs": 100, "levels": 2, "has_kl": True}
    return Facts(**{**base, **changes})


IMAGES = facts(dimensions=64 * 64 * 3, levels=256)
CODER = facts(levels=None, has_kl=False, mean_image_error=0.0673)
CODES = facts(dimensions=3072, levels=None, has_kl=False, num_codes=512, codes_per_batch=512, mean_image_error=0.06)


def towards(start, end, epochs=40, rate=0.15, noise=0.0, seed=0):
    """A curve that falls off to `end`, as that of every healthy run."""
    steps = np.arange(epochs)
    return end + (start - end) * np.exp(-rate * steps) + noise * np.random.default_rng(seed).normal(size=epochs)


def history(**curves):
    length = min(map(len, curves.values()))
    return [{"epoch": i + 1, **{name: float(values[i]) for name, values in curves.items()}} for i in range(length)]


def vae(log_likelihood, kl, gap=0.0):
    elbo = log_likelihood - kl
    return history(loss=-elbo, elbo=elbo, log_likelihood=log_likelihood, kl=kl, val_elbo=elbo - gap)


def images(bits, kl=300.0):
    """A VAE of 64x64 colour images that needs so many bits per dimension."""
    elbo = -np.asarray(bits) * IMAGES.dimensions * math.log(2)
    return vae(elbo + kl, np.full(len(elbo), kl))


def names(found):
    return [finding.name for finding in found]


HEALTHY = {
    "a VAE of binary digits": (vae(towards(-190, -60, noise=0.3), towards(8, 26), gap=3.0), facts()),
    "one whose KL has a warm-up": (vae(towards(-150, -65, noise=0.2), towards(90, 26)), facts()),
    "one of photographs": (images(towards(7.9, 4.4, noise=0.02)), IMAGES),
    "one whose best weights are kept though it overfits a little": (
        vae(towards(-190, -60), towards(8, 26), gap=np.linspace(0, 6, 40)),
        facts(keeps_best=True),
    ),
    "a density of faces": (
        vae(towards(-200, 1400, noise=5.0), towards(5, 40), gap=60.0),
        facts(dimensions=560, levels=None),
    ),
    "a capacity that is raised step by step": (vae(towards(-400, -60), np.linspace(0.02, 20, 40)), facts()),
    "one that begins with a preset's weights": (
        vae(np.full(40, -60.0) + towards(0, -0.4, noise=0.05), np.full(40, 26.0)),
        facts(starts_trained=True),
    ),
    "an autoencoder": (
        history(
            loss=towards(220, 70), log_likelihood=towards(-220, -70), squared_error=towards(0.06, 0.004),
            val_loss=towards(225, 72), val_log_likelihood=towards(-225, -72),
        ),
        CODER,
    ),
    "an autoencoder whose layers are trained one after the other": (
        history(
            loss=np.concatenate([towards(300, 60, 10), towards(500, 80, 10), towards(900, 90, 10)]),
            log_likelihood=-np.concatenate([towards(300, 60, 10), towards(500, 80, 10), towards(900, 90, 10)]),
            squared_error=np.full(30, 0.2),
        ),
        dataclasses.replace(CODER, in_stages=True),
    ),
    "a VQ-VAE whose codes come into use": (
        history(
            loss=towards(2000, -4000), log_likelihood=towards(-2000, 4500), kl=towards(40, 350),
            elbo=towards(-2040, 4150), perplexity=towards(30, 390, rate=0.4), squared_error=towards(0.03, 0.004),
        ),
        CODES,
    ),
    "a VQ-VAE with few codes in a batch": (
        history(
            loss=towards(2000, -4000), log_likelihood=towards(-2000, 4500), kl=towards(4, 16),
            perplexity=towards(3, 12, rate=0.4), squared_error=towards(0.03, 0.004),
        ),
        dataclasses.replace(CODES, codes_per_batch=16.0),
    ),
    "a classifier": (
        history(
            loss=towards(2.0, 0.05), accuracy=towards(0.3, 0.99), val_loss=towards(1.8, 0.1),
            val_accuracy=towards(0.35, 0.975),
        ),
        facts(levels=None, has_kl=False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(HEALTHY))
def test_a_healthy_run_has_no_finding_after_any_epoch(kind):
    lines, about = HEALTHY[kind]
    for epochs in range(len(lines) + 1):
        assert findings(lines[:epochs], about) == [], epochs


def test_images_that_cost_the_uniform_rate_are_not_learned():
    found = findings(images(towards(8.3, 7.7, 21)), IMAGES)
    assert names(found) == ["nothing_learned"]
    assert "After 21 epochs the model needs 7.73 bits per dimension" in found[0].sentence
    assert "would need 8.00" in found[0].sentence
    assert "batch_size" in found[0].remedy
    assert found[0].serious
    assert findings(images(towards(8.3, 7.7, 2)), IMAGES) == [], "two epochs say nothing yet"
    few = dataclasses.replace(IMAGES, steps_per_epoch=7)
    assert findings(images(towards(8.3, 7.7, 21)), few) == [], "nor do 147 steps"
    assert names(findings(images(towards(8.3, 7.7, 22)), few)) == ["nothing_learned"]


def test_where_the_best_weights_are_kept_the_best_epoch_counts():
    lines = images(np.concatenate([towards(8.2, 4.0, 30), np.full(10, 7.9)]))
    assert names(findings(lines, IMAGES)) == ["jump", "nothing_learned"]
    kept = findings(lines, dataclasses.replace(IMAGES, keeps_best=True))
    assert names(kept) == ["jump"]
    assert not kept[0].serious


@pytest.mark.parametrize(
    ("lines", "about", "words"),
    [
        (vae(towards(500, 300), np.full(40, 5.0)), facts(levels=None), "log-likelihood is 300.6"),
        (history(loss=towards(2.3, 2.5)), facts(levels=None, has_kl=False), "loss is 2.499"),
        (history(loss=towards(2.3, 2.5), accuracy=np.full(40, 0.1)), facts(levels=None), "accuracy is 0.1"),
    ],
)
def test_what_never_becomes_better_than_it_began_is_not_learned(lines, about, words):
    found = [finding for finding in findings(lines, about) if finding.name == "nothing_learned"]
    assert words in found[0].sentence
    assert "has never been better" in found[0].sentence
    assert "nothing_learned" not in names(findings(lines, dataclasses.replace(about, starts_trained=True)))


def test_reconstructions_like_the_mean_image_are_found():
    lines = history(loss=towards(220, 200), log_likelihood=towards(-220, -200), squared_error=towards(0.07, 0.066))
    found = findings(lines, CODER)
    assert names(found) == ["mean_image"]
    assert "0.0660 per number; that of the mean image is 0.0673" in found[0].sentence
    assert findings(lines, dataclasses.replace(CODER, mean_image_error=None)) == []


def test_a_jump_names_both_values_and_the_remedy():
    elbo = np.concatenate([towards(-90_000, -66_000, 22), [-4e6, -8e7, -4e9], np.full(10, -3e6)])
    found = findings(vae(elbo + 300, np.full(35, 300.0)), facts(dimensions=12288, levels=None))
    assert names(found) == ["jump"]
    assert "ELBO jumped from -67,028 in epoch 22 to -4,000,000,000 in epoch 25" in found[0].sentence
    assert "It is -3,000,000 now" in found[0].sentence
    assert "global_clipnorm" in found[0].remedy
    assert "learning rate" in found[0].remedy
    assert found[0].serious


def test_a_jump_that_was_made_good_is_no_reason_to_throw_the_weights_away():
    elbo = np.concatenate([towards(-190, -100, 20), [-170.0, -130.0], towards(-110, -95, 10)])
    found = findings(vae(elbo + 20, np.full(32, 20.0)), facts())
    assert names(found) == ["jump"]
    assert "recovered" in found[0].sentence
    assert not found[0].serious


def test_a_jump_to_values_that_are_not_finite_is_that_alone():
    lines = images(towards(7.9, 4.4))
    lines[17]["kl"] = math.nan
    found = findings(lines, IMAGES)
    assert names(found) == ["non_finite"]
    assert found[0].sentence == "kl became nan in epoch 18."
    assert "clip" in found[0].remedy.lower()
    assert found[0].serious


def test_latents_that_say_nothing_are_found_when_they_have_done_so_for_a_while():
    lines = vae(towards(-300, -205), towards(12, 0.02, rate=0.3))
    first = next(i for i in range(len(lines)) if findings(lines[:i], facts()))
    assert lines[first - 3]["kl"] < 1.0 < lines[first - 4]["kl"]
    found = findings(lines, facts())
    assert names(found) == ["posterior_collapse"]
    assert "at most 0.02 nats per image" in found[0].sentence
    assert "beta" in found[0].remedy
    assert found[0].serious
    assert findings(lines, facts(has_kl=False)) == []


def test_a_part_of_the_latents_may_be_inactive():
    lines = vae(towards(-190, -80), towards(8, 15))
    for line, active in zip(lines, towards(32, 7, rate=0.5).round(), strict=True):
        line["active_units"] = active
    found = findings(lines, facts(latents=32))
    assert names(found) == ["inactive_latents"]
    assert "7 of 32 latents are active" in found[0].sentence
    assert "beta" in found[0].remedy
    assert "latent_size" in found[0].remedy
    assert not found[0].serious
    assert findings(lines, facts(latents=28)) == [], "a quarter"
    assert findings(lines, facts()) == [], "of a run of an older version nothing is known"
    for i, line in enumerate(lines):
        line["active_units"] = i // 8  # on its way up
    assert findings(lines[:25], facts(latents=32)) == []


def test_dead_codes_are_counted():
    lines = history(
        loss=towards(2000, 100),
        log_likelihood=towards(-2000, -50),
        kl=towards(40, 2),
        perplexity=towards(20, 3.4, rate=0.5),
        squared_error=towards(0.04, 0.02),
    )
    found = findings(lines, CODES)
    assert names(found) == ["dead_codes"]
    assert "About 3.4 of 512 codes" in found[0].sentence
    assert "restart_below" in found[0].remedy


def test_a_gap_to_the_held_out_images_is_overfitting():
    gap = np.concatenate([np.zeros(15), np.linspace(0, 60, 25)])
    lines = vae(towards(-190, -50), towards(8, 26), gap=gap)
    found = findings(lines, facts())
    assert names(found) == ["overfitting"]
    assert "ELBO of the held-out images was best in epoch 1" in found[0].sentence
    assert "augment" in found[0].remedy
    assert found[0].serious
    kept = findings(lines, facts(keeps_best=True))[0]
    assert kept.sentence.endswith("The weights of the best epoch are kept.")
    assert not kept.serious
    coder = history(loss=towards(220, 40), val_loss=towards(230, 90) + gap)
    found = findings(coder, facts(levels=None, has_kl=False))
    assert names(found) == ["overfitting"]
    assert "loss of the held-out images was best" in found[0].sentence
    assert ", 1" in found[0].sentence, "a loss is shown as the logs have it"


def test_a_long_history_is_checked_in_no_time():
    lines = vae(towards(-190, -80, 2400, noise=0.5), towards(8, 26, 2400))
    begun = time.perf_counter()
    assert findings(lines, facts()) == []
    assert time.perf_counter() - begun < 0.2  # of an epoch that takes seconds


def test_facts_come_back_from_plain_data():
    assert Facts.from_dict(dataclasses.asdict(CODES)) == CODES
    for wrong in (
        {"epochs": 3},
        {**dataclasses.asdict(CODES), "epoch": 3},
        {**dataclasses.asdict(CODES), "levels": "x"},
    ):
        with pytest.raises(ValueError, match="facts of a run lack"):
            Facts.from_dict(wrong)
