"""The figures of a preset in words: what each is called, how it is written, and beside which published one it stands."""

import re
from typing import Any

# Key of metrics.json, words, and how the number is written.
_FIGURES = (
    ("nll", "negative log-likelihood", "{:.2f} nats"),
    ("elbo", "ELBO", "{:.2f} nats"),
    ("log_likelihood", "reconstruction term E_q[log p(x given z)]", "{:.2f} nats"),
    ("kl", "KL(q(z given x), p(z))", "{:.2f} nats"),
    ("kl_by_level", "KL by level, the top one first", "{:.2f}"),
    ("bits_per_dim", "bits per dimension", "{:.4f}"),
    ("active_units", "active latent units", "{:d}"),
    ("active_units_by_level", "active latent units by level", "{:d}"),
    ("effective_samples", "effective importance samples, median", "{:.0f}"),
    ("class_accuracy", "samples taken for the class asked for", "{:.2%}"),
    ("accuracy", "accuracy", "{:.2%}"),
    ("completion_nll_monte_carlo_1", "hidden pixels, one quadrant given, by draws of the prior", "{:.2f} nats"),
    ("completion_nll_1", "the same, 100 importance samples", "{:.2f} nats"),
    ("completion_bound_1", "the same, minus the ELBO, 10 draws of the posterior", "{:.2f} nats"),
    ("completion_nll_baseline_1", "the same, of a network without latents", "{:.2f} nats"),
    ("completion_nll_monte_carlo_2", "hidden pixels, two quadrants given, by draws of the prior", "{:.2f} nats"),
    ("completion_nll_2", "the same, 100 importance samples", "{:.2f} nats"),
    ("completion_bound_2", "the same, minus the ELBO, 10 draws of the posterior", "{:.2f} nats"),
    ("completion_nll_baseline_2", "the same, of a network without latents", "{:.2f} nats"),
    ("completion_nll_monte_carlo_3", "hidden pixels, three quadrants given, by draws of the prior", "{:.2f} nats"),
    ("completion_nll_3", "the same, 100 importance samples", "{:.2f} nats"),
    ("completion_bound_3", "the same, minus the ELBO, 10 draws of the posterior", "{:.2f} nats"),
    ("completion_nll_baseline_3", "the same, of a network without latents", "{:.2f} nats"),
    ("squared_error", "mean squared error of a pixel", "{:.5f}"),
    ("squared_error_of_variance", "the same as a share of the variance of the images", "{:.4f}"),
    ("perplexity", "perplexity of the codes by level, the smallest grid first", "{:.1f}"),
    ("codes_used", "codes in use by level", "{:d}"),
    ("code_bits", "bits that name the codes of an image", "{:.0f}"),
    ("mig", "mutual information gap (MIG)", "{:.3f}"),
    ("sap", "separated attribute predictability (SAP)", "{:.3f}"),
    ("dci_disentanglement", "disentanglement (DCI)", "{:.3f}"),
    ("dci_completeness", "completeness (DCI)", "{:.3f}"),
    ("dci_informativeness", "informativeness (DCI)", "{:.3f}"),
    ("factor_vae_score", "FactorVAE score", "{:.3f}"),
    ("psnr", "peak signal to noise", "{:.2f} dB"),
    ("psnr_corrupted", "the same of the corrupted images x̃ that it was given", "{:.2f} dB"),
    ("psnr_there", "swaps to the second domain against the truth", "{:.2f} dB"),
    ("psnr_identity_there", "the image left as it is", "{:.2f} dB"),
    ("psnr_neighbour_there", "the nearest training image of that domain", "{:.2f} dB"),
    ("label_kept_there", "swaps to the second domain that keep their label", "{:.2%}"),
    ("label_of_truth_there", "the same of the truth: what the judge can see", "{:.2%}"),
    ("domain_taken_there", "swaps taken for the second domain", "{:.2%}"),
    ("psnr_back", "swaps to the first domain against the truth", "{:.2f} dB"),
    ("psnr_identity_back", "the image left as it is", "{:.2f} dB"),
    ("psnr_neighbour_back", "the nearest training image of that domain", "{:.2f} dB"),
    ("label_kept_back", "swaps to the first domain that keep their label", "{:.2%}"),
    ("label_of_truth_back", "the same of the truth: what the judge can see", "{:.2%}"),
    ("domain_taken_back", "swaps taken for the first domain", "{:.2%}"),
    ("probe_error", "test error of a linear classifier on the codes", "{:.2%}"),
    ("probe_error_of_pixels", "the same on the pixels", "{:.2%}"),
    ("classification_error", "test error of its own classifier", "{:.2%}"),
    ("classification_error_of_labels_alone", "the same learned from the labelled images alone", "{:.2%}"),
    ("clustering_accuracy", "clusters that meet the class, of test images", "{:.2%}"),
    ("clustering_accuracy_of_pixels", "the same of k-means on the pixels", "{:.2%}"),
    ("clustering_nmi", "normalised mutual information with the classes, of test images", "{:.2%}"),
    (
        "clustering_accuracy_with_training_images",
        "clusters that meet the class, of training and test images together",
        "{:.2%}",
    ),
    (
        "clustering_nmi_with_training_images",
        "normalised mutual information, of training and test images together",
        "{:.2%}",
    ),
    ("classifier_error", "test error of a classifier fine-tuned from the encoder", "{:.2%}"),
    ("classifier_error_from_scratch", "the same from fresh weights", "{:.2%}"),
)
_FORMS = {key: form for key, _, form in _FIGURES}
_WORDS = {key: words for key, words, _ in _FIGURES}
_SHORT = {
    "nll": "NLL",
    "psnr": "PSNR",
    "probe_error": "linear classifier",
    "classifier_error": "classifier on top",
    "classification_error": "its classifier",
    "clustering_accuracy_with_training_images": "clustering accuracy",
    "label_kept_there": "label kept, there",
    "label_kept_back": "label kept, back",
    "domain_taken_there": "domain taken, there",
    "domain_taken_back": "domain taken, back",
    "class_accuracy": "samples of their class",
    "squared_error_of_variance": "error / variance",
    "perplexity": "perplexity of the codes",
    "mig": "MIG",
    **{
        f"completion_{key}_{count}": f"{words}, {count} quadrant{'s' if count > 1 else ''} given"
        for count in (1, 2, 3)
        for key, words in (
            ("nll", "NLL"),
            ("nll_monte_carlo", "NLL by draws of the prior"),
            ("bound", "minus the ELBO"),
        )
    },
}
_FEW = re.compile(r"(classifier_error(?:_from_scratch)?)_(\d+)_labels")


def short(key: str) -> str:
    """A name of a figure that stands alone, by its key in metrics.json."""
    return _SHORT.get(key) or _WORDS.get(key, key)


def form_of(key: str) -> str:
    """The format of a figure, by its key in metrics.json."""
    match = _FEW.fullmatch(key)
    return _FORMS[match[1] if match else key]


def known(key: str) -> bool:
    """Whether a key is that of a figure."""
    return key in _FORMS or _FEW.fullmatch(key) is not None


def check(figures: dict[str, Any]) -> None:
    """Check that figures are numbers, or lists of numbers where there is one for each level.

    Raises:
        ValueError: naming the first that is not.
    """
    for key, value in figures.items():
        values = value if isinstance(value, list) and key in _FORMS else [value]
        whole = known(key) and form_of(key) == "{:d}"
        if not values or not all(
            isinstance(v, int if whole else int | float) and not isinstance(v, bool) for v in values
        ):
            raise ValueError(f"the figure {key}={value!r:.60} is no number")
        if _FEW.fullmatch(key) and f"{key}_spread" not in figures:
            raise ValueError(f"the figure {key} has no {key}_spread beside it")


def in_words(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """What each figure is, and its value as it is written."""
    found = []
    for key, words, form in _FIGURES:
        if key in figures:
            if key == "log_likelihood" and "kl" not in figures:  # an autoencoder's, whose code is no draw
                words = "log-likelihood log p(x given its code)"
            error = figures.get(f"{key}_standard_error")
            written = ", ".join(form.format(value) for value in _values(figures, key))
            found.append((words, f"{written}{f' ± {error:.2f} (standard error)' if error is not None else ''}"))
    few = sorted((int(match[2]), match[1], key) for key in figures if (match := _FEW.fullmatch(key)))
    for count, kind, key in few:
        value = f"{figures[key]:.2%} ± {figures[key + '_spread']:.2%} (over draws of labels)"
        found.append((f"{_WORDS[kind]}, {count:,} labels", value))
    return found


def _values(figures: dict[str, Any], key: str) -> list[Any]:
    """The value of a figure, or one for each level."""
    return figures[key] if isinstance(figures[key], list) else [figures[key]]


def target_rows(targets: list[dict[str, Any]], figures: dict[str, Any]) -> list[str]:
    """A table of the figures beside the published ones, met or missed."""
    if not targets:
        return []
    rows = ["| obtained | beside | | source |", "|---|---|---|---|"]
    for target in targets:
        obtained = f"{short(target['figure'])} {value_of(target, figures)}"
        rows.append(f"| {obtained} | {asked_of(target)} | {verdict(target, figures)} | {target['source']} |")
    return [*rows, ""]


def value_of(target: dict[str, Any], figures: dict[str, Any]) -> str:
    """The figure of a target as it is written."""
    key = target["figure"]
    return (
        ", ".join(form_of(key).format(value) for value in _values(figures, key)) if key in figures else "not measured"
    )


def verdict(target: dict[str, Any], figures: dict[str, Any]) -> str:
    """Whether a target is met or missed, by every value where there is one for each level; open where none was measured."""
    if target["figure"] not in figures:
        return "open"
    values, bound = _values(figures, target["figure"]), bound_of(target)
    met = max(values) <= bound if "at_most" in target else min(values) >= bound
    return "met" if met else "missed"


def asked_of(target: dict[str, Any]) -> str:
    """The published figure of a target in words, and which way from it is better."""
    return f"{'at most' if 'at_most' in target else 'at least'} {form_of(target['figure']).format(bound_of(target))}"


def bound_of(target: dict[str, Any]) -> float:
    """The published figure of a target."""
    return target["at_most"] if "at_most" in target else target["at_least"]
