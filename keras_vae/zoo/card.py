"""The card of a preset, generated from `preset.toml`, `weights.json` and `metrics.json`: no figure on it is typed."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_vae import lite
from keras_vae.zoo.preset_file import Preset

# Key of metrics.json, words, and how the number is written.
_FIGURES = (
    ("nll", "negative log-likelihood", "{:.2f} nats"),
    ("elbo", "ELBO", "{:.2f} nats"),
    ("log_likelihood", "reconstruction term E_q[log p(x given z)]", "{:.2f} nats"),
    ("kl", "KL(q(z given x), p(z))", "{:.2f} nats"),
    ("kl_by_level", "the same by level, the top one first", "{:.2f}"),
    ("bits_per_dim", "bits per dimension", "{:.4f}"),
    ("active_units", "active latent units", "{:d}"),
    ("active_units_by_level", "the same by level", "{:d}"),
    ("effective_samples", "effective importance samples, median", "{:.0f}"),
    ("class_accuracy", "samples taken for the class asked for", "{:.2%}"),
    ("accuracy", "accuracy", "{:.2%}"),
    ("completion_nll_monte_carlo_1", "hidden pixels, one quadrant given, 100 draws of the prior", "{:.2f} nats"),
    ("completion_nll_1", "the same, 100 importance samples", "{:.2f} nats"),
    ("completion_nll_monte_carlo_2", "hidden pixels, two quadrants given, 100 draws of the prior", "{:.2f} nats"),
    ("completion_nll_2", "the same, 100 importance samples", "{:.2f} nats"),
    ("completion_nll_monte_carlo_3", "hidden pixels, three quadrants given, 100 draws of the prior", "{:.2f} nats"),
    ("completion_nll_3", "the same, 100 importance samples", "{:.2f} nats"),
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
    ("psnr_there", "the swap to the second domain against the truth", "{:.2f} dB"),
    ("psnr_identity_there", "the image left as it is", "{:.2f} dB"),
    ("psnr_neighbour_there", "the nearest training image of that domain", "{:.2f} dB"),
    ("label_kept_there", "swaps that keep their label", "{:.2%}"),
    ("domain_taken_there", "swaps taken for the new domain", "{:.2%}"),
    ("psnr_back", "the swap to the first domain against the truth", "{:.2f} dB"),
    ("psnr_identity_back", "the image left as it is", "{:.2f} dB"),
    ("psnr_neighbour_back", "the nearest training image of that domain", "{:.2f} dB"),
    ("label_kept_back", "swaps that keep their label", "{:.2%}"),
    ("domain_taken_back", "swaps taken for the new domain", "{:.2%}"),
    ("probe_error", "test error of a linear classifier on the codes", "{:.2%}"),
    ("probe_error_of_pixels", "the same on the pixels", "{:.2%}"),
    ("classification_error", "test error of its own classifier", "{:.2%}"),
    ("clustering_accuracy", "clusters that meet the class, of test images", "{:.2%}"),
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
_SHORT = {"nll": "NLL", "elbo": "ELBO"}
_FEW = re.compile(r"(classifier_error(?:_from_scratch)?)_(\d+)_labels")


def _form(key: str) -> str:
    match = _FEW.fullmatch(key)
    return _FORMS[match[1] if match else key]


def card(folder: str | Path) -> str:
    """Write the card of the preset in `folder`, as Markdown.

    What is not there yet, weights or figures, the card says.
    """
    folder = Path(folder)
    preset = Preset.read(folder)
    weights, metrics = _json(folder / "weights.json"), _json(folder / "metrics.json")
    words = preset.card
    lines = [
        f"# {preset.name}: {words.get('title', '')}".rstrip(": "),
        "",
        *([words["description"], ""] if "description" in words else []),
        "```python",
        "import keras_vae",
        "",
        f'model = keras_vae.load("{preset.name}")',
        _example(preset.model),
        "```",
        "",
        "## Figures",
        "",
        *(
            _figures(metrics, words)
            if metrics
            else [f"None yet: `keras-vae evaluate {preset.name} --write` computes them.", ""]
        ),
        "## Model and training",
        "",
        *_training(preset, weights),
        "",
        "| setting | value |",
        "|---|---|",
        *(f"| {key} | {_plain(value)} |" for key, value in preset.model.items()),
        "",
        *([f"Paper: {words['paper']}.", ""] if "paper" in words else []),
        *_deployment(preset.name, weights.get("sha256")),
    ]
    if metrics:
        lines += [
            f"Generated by `keras-vae evaluate {preset.name} --write` from the weights with the SHA-256 "
            f"`{metrics['weights_sha256']}`, with "
            + ", ".join(f"{name} {version}" for name, version in metrics["versions"].items())
            + ".",
            "",
        ]
    return "\n".join(lines)


def zoo_table(folders: Iterable[Path]) -> str:
    """A table of presets, as Markdown: what each is for and its headline figure beside the published one."""
    lines = ["| preset | what for | obtained | beside | parameters |", "|---|---|---|---|---|"]
    for folder in folders:
        preset = Preset.read(folder)
        figures, weights = _json(folder / "metrics.json").get("figures", {}), _json(folder / "weights.json")
        targets = preset.card.get("targets", [])
        key = targets[0]["figure"] if targets else "accuracy" if "accuracy" in figures else "nll"
        obtained = f"{_SHORT.get(key, key)} {_form(key).format(figures[key])}" if key in figures else "not measured"
        published = "; ".join(f"{_form(key).format(_bound(target))} ({target['source']})" for target in targets[:1])
        lines.append(
            f"| [{preset.name}](zoo/{preset.name}/README.md) | {preset.card.get('task', '')} "
            f"| {obtained} | {published or '-'} | {weights['parameters']:,} |"
        )
    return "\n".join(lines)


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _figures(metrics: dict[str, Any], words: dict[str, Any]) -> list[str]:
    figures = metrics["figures"]
    rows = ["| figure | value |", "|---|---|", *_figure_rows(figures), ""]
    return [_protocol(metrics["protocol"]), "", *rows, *_target_rows(words.get("targets", []), figures)]


def _training(preset: Preset, weights: dict[str, Any]) -> list[str]:
    lines = (
        [f"{weights['parameters']:,} parameters, {weights['bytes'] / 1e6:.1f} MB."] if weights else ["No weights yet."]
    )
    facts = weights.get("training", {})
    if facts:
        lines[0] += f" Trained for {facts['epochs']} epochs in {_duration(facts['seconds'])} on {facts['hardware']}."
    if preset.recipe:
        lines.append(f"The whole recipe is in [preset.toml](preset.toml); `keras-vae train {preset.name}` repeats it.")
    return lines


def _deployment(name: str, weights_sha256: str | None) -> list[str]:
    """The shipped builds of these weights and their proofs, one row a file."""
    proofs = [lite.read_proof(name, target) for target in lite.list_builds().get(name, [])]
    proofs = [proof for proof in proofs if proof["origin"].get("weights_sha256") == weights_sha256]
    if not proofs:
        return []
    tested = proofs[0]["parity"]
    lines = [
        "## Deployment",
        "",
        f'`keras_vae.lite.load("{name}")` runs these builds without TensorFlow; `keras-vae export {name}` makes them, and a '
        "SavedModel for a server. Errors are of the means, beside the Keras model; the ELBO in nats is computed through encoder "
        f"and decoder, on {tested['examples']:,} images ({tested['source']}); latency is of one image on one thread.",
        "",
        "| target | format | build | kB | largest error | mean error | ELBO | change | ms | operations (version) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for proof in proofs:
        (_, found), errors = lite.score(proof), proof["parity"]["errors"]
        for part, entry in proof["files"].items():
            error = errors[part]
            operations = ", ".join(f"{op['name']} ({op['version']})" for op in entry["operations"])
            lines.append(
                f"| {proof['target']} | {proof['format']} | {part} | {entry['bytes'] / 1000:.0f} | {error['maximum']:.1e} "
                f"| {error['mean']:.1e} | {found['build']:.3f} | {found['change']:+.4f} | {entry['latency_ms']:.3f} "
                f"| {operations} |"
            )
    missing = [target for target in ("cpu", "gpu", "edge", "web") if target not in {p["target"] for p in proofs}]
    if missing:
        lines += ["", f"Not shipped: {', '.join(missing)}, where no way to its format met the bar."]
    return [*lines, ""]


def _example(model: dict[str, Any]) -> str:
    if model["class"] == "Classifier":
        return "logits = model.predict(images)"
    if model["class"].endswith("Autoencoder"):
        return "codes, again = model.encode(images), model.predict(images)"
    return (
        "images = model.sample(labels=[3, 1, 4], seed=0)"
        if "num_classes" in model
        else "images = model.sample(16, seed=0)"
    )


def _protocol(protocol: dict[str, Any]) -> str:
    text = f"On {protocol['images']:,} images of {protocol['data']}, preprocessing `{protocol['preprocessing']}`, drawn once"
    if "importance_samples" in protocol:
        text += f"; {protocol['importance_samples']:,} importance samples an image"
        text += "; all densities given the label" if protocol["labels_given"] else ""
    return text + ". Averages an image."


def _figure_rows(figures: dict[str, Any]) -> list[str]:
    rows = []
    for key, words, form in _FIGURES:
        if key in figures:
            error = figures.get(f"{key}_standard_error")
            values = figures[key] if isinstance(figures[key], list) else [figures[key]]
            written = ", ".join(form.format(value) for value in values)
            rows.append(f"| {words} | {written}{f' ± {error:.2f} (standard error)' if error is not None else ''} |")
    words_of = {key: words for key, words, _ in _FIGURES}
    few = sorted((int(match[2]), match[1], key) for key in figures if (match := _FEW.fullmatch(key)))
    for count, kind, key in few:
        rows.append(
            f"| {words_of[kind]}, {count:,} labels | {figures[key]:.2%} ± {figures[key + '_spread']:.2%} (over draws of "
            "labels) |"
        )
    return rows


def _target_rows(targets: list[dict[str, Any]], figures: dict[str, Any]) -> list[str]:
    if not targets:
        return []
    rows = ["| obtained | beside | | source |", "|---|---|---|---|"]
    for target in targets:
        key = target["figure"]
        upper, bound = "at_most" in target, _bound(target)
        asked = f"{'at most' if upper else 'at least'} {_form(key).format(bound)}"
        if key not in figures:
            rows.append(f"| {key} not measured | {asked} | open | {target['source']} |")
            continue
        met = figures[key] <= bound if upper else figures[key] >= bound
        obtained = _form(key).format(figures[key])
        rows.append(f"| {key} {obtained} | {asked} | {'met' if met else 'missed'} | {target['source']} |")
    return [*rows, ""]


def _bound(target: dict[str, Any]) -> float:
    return target["at_most"] if "at_most" in target else target["at_least"]


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " x ".join(str(item) for item in value)
    return str(value)


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.0f} minutes"
