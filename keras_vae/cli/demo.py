"""The demo: the whole way from loading a model to a fine-tuned copy on disk, in two or three minutes."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from keras_vae import augment, data, models, plots, zoo
from keras_vae._backend import keras
from keras_vae.cli.app import fit_verbosity

_SAMPLES = 200  # importance samples per image: within about half a nat of thousands, in seconds
_TRAINING, _TEST, _BATCH = 4000, 200, 64


def run(out: Path, console: Console, preset: str | zoo.Preset = zoo.DEFAULT_PRESET, epochs: int = 15) -> list[Path]:
    """Run the demo; images and the fine-tuned preset go to `out`. Returns the paths of the images.

    Raises:
        RuntimeError: if the reloaded model samples another image than the saved one.
    """
    pictures = []

    def picture(name: str, figure: Any) -> None:
        pictures.append(plots.save(figure, out / name))

    def step(words: str) -> None:
        console.print(f"\n[bold]{words}[/]")

    step(f"1. Load {preset} and sample ten images of each digit")
    keras.utils.set_random_seed(0)
    model = zoo.load(preset)
    console.print(f"   {model.count_params():,} parameters, {model.latent_size} latents, {model.num_classes} classes")
    picture("1_samples.png", plots.samples_by_class(model, each=10))

    step("2. Reconstruct handwriting it has never seen: scikit-learn's digits, enlarged to 28x28")
    test, test_labels = data.arrays("digits", "test", "dynamic_binarization")
    score = _score(model, test[:_TEST], test_labels[:_TEST])
    console.print(f"   log p(x given the label) of {_TEST} test images: [bold]{score:.1f} nats[/] per image")
    picture("2_reconstructions.png", plots.reconstructions(model, test[:20], test_labels[:20]))

    step(f"3. Teach it a new style: fine-tune it with fit on {_TRAINING:,} digits in bold")
    console.print("   The training images are its own samples with thicker strokes, so nothing is downloaded.")
    bold, held_out = _bold(model, _TRAINING, seed=1), _bold(model, _TEST, seed=2)
    x = augment.DynamicBinarization().once(held_out.images, 0).numpy()
    before = _score(model, x, held_out.labels)
    tuned = models.copy_of(model)
    steps = epochs * -(-_TRAINING // _BATCH)
    tuned.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, steps)))
    stream = data.batches(bold, augment.DynamicBinarization(), _BATCH)
    tuned.fit(stream, epochs=epochs, validation_data=(x, held_out.labels), verbose=fit_verbosity())
    after = _score(tuned, x, held_out.labels)
    console.print(
        f"   log p(x given the label) of {_TEST} others: [bold]{before:.1f}[/] nats before, [bold]{after:.1f}[/] after"
    )
    picture(
        "3_before_and_after.png",
        plots.before_and_after(model, tuned, titles="The same latents before | after fine-tuning on bold digits"),
    )
    picture(
        "3_reconstructions_after.png",
        plots.reconstructions(
            tuned, x[:20], held_out.labels[:20], title=f"Reconstructions of bold digits by {model.name}, fine-tuned"
        ),
    )

    step("4. Save it, load it again, and compare")
    folder = zoo.save_to_preset(tuned, out / "my_digits", overwrite=True)
    again = zoo.load(folder)
    labels = np.arange(100) % 10
    same = np.array_equal(tuned.sample(labels=labels, seed=7), again.sample(labels=labels, seed=7))
    if not same:
        raise RuntimeError(
            f"The model reloaded from {folder} samples other images than the one that was saved: please report this."
        )
    console.print(f"   {folder}: 100 samples from the same seed are equal, bit for bit", soft_wrap=True)

    step("Done. The images:")
    for path in pictures:
        console.print(f"   {path.resolve()}", soft_wrap=True, highlight=False)
    return pictures


def _bold(model: Any, count: int, seed: int) -> data.Images:
    """Samples of the model with strokes one pixel thicker on each side, as 8-bit images, and their labels."""
    labels = np.arange(count) % model.num_classes
    images = np.clip(model.sample(labels=labels, seed=seed), 0.0, 1.0)
    thick = keras.ops.max_pool(images, 3, strides=1, padding="same", data_format="channels_last")
    return data.Images(np.round(255 * np.asarray(thick)).astype("uint8"), labels)


def _score(model: Any, images: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(model.log_prob(images, labels, num_samples=_SAMPLES, seed=0)))
