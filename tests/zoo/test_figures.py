"""Figures in words, beside published ones."""

from keras_vae.zoo import figures


def test_a_target_is_met_or_missed():
    found = {"nll": 84.5, "accuracy": 0.99}
    for target, word in (
        ({"figure": "nll", "at_most": 84.6}, "met"),
        ({"figure": "nll", "at_most": 84.4}, "missed"),
        ({"figure": "accuracy", "at_least": 0.99}, "met"),
        ({"figure": "accuracy", "at_least": 0.995}, "missed"),
        ({"figure": "psnr", "at_least": 20.0}, "open"),
    ):
        row = figures.target_rows([{**target, "source": "a paper"}], found)[2]
        assert f"| {word} | a paper |" in row


def test_of_a_figure_by_level_every_level_counts():
    target = {"figure": "perplexity", "at_least": 330.0, "source": "a paper"}
    for values, word in (([331.0, 400.0], "met"), ([329.0, 400.0], "missed")):
        row = figures.target_rows([target], {"perplexity": values})[2]
        assert (
            row == f"| perplexity of the codes {values[0]:.1f}, {values[1]:.1f} | at least 330.0 | {word} | a paper |"
        )


def test_a_name_of_a_figure_stands_alone():
    assert figures.short("nll") == "NLL"
    assert figures.short("completion_nll_monte_carlo_2") == "NLL by draws of the prior, 2 quadrants given"
    assert figures.short("elbo") == "ELBO"


def test_the_log_likelihood_of_an_autoencoder_has_no_expectation():
    assert figures.in_words({"log_likelihood": -70.0}) == [("log-likelihood log p(x given its code)", "-70.00 nats")]
    assert figures.in_words({"log_likelihood": -70.0, "kl": 20.0})[0][0].startswith("reconstruction term E_q")
