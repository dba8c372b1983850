"""The demo: the whole way from loading a model to a fine-tuned copy on disk, in two or three minutes."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from keras_vae import data, models, plots, zoo
from keras_vae._backend import keras
from keras_vae.cli.app import fit_verbosity

_SAMPLES = 200  # importance samples an image: within about half a nat of thousands, in seconds


def run(out: Path, console: Console, preset: str = "mnist_cvae", epochs: int = 20) -> list[Path]:
    """Run the demo; pictures and the fine-tuned preset go to `out`. Returns the pictures.

    Raises:
        RuntimeError: if the reloaded model draws another picture than the saved one.
    """
    pictures = []

    def picture(name: str, figure: Any) -> None:
        pictures.append(plots.save(figure, out / name))

    def step(words: str) -> None:
        console.print(f"\n[bold]{words}[/]")

    step(f"1. Load {preset} and draw ten of each digit")
    keras.utils.set_random_seed(0)
    model = zoo.load(preset)
    console.print(f"   {model.count_params():,} parameters, {model.latent_size} latents, {model.num_classes} classes")
    picture("1_samples.png", plots.samples_by_class(model, each=10))

    step("2. Show it handwriting it has never seen: scikit-learn's digits, grown to 28x28")
    test, test_labels = data.arrays("digits", "test", "dynamic_binarization")
    picture("2_reconstructions.png", plots.reconstructions(model, test[:20], test_labels[:20]))
    before = _score(model, test, test_labels)
    console.print(f"   log p(x given the label) of {len(test)} test images: [bold]{before:.1f} nats[/] an image")

    step(f"3. Fine-tune on {len(data.read('digits', 'train').labels)} of them with fit")
    tuned = models.copy_of(model)
    tuned.compile(keras.optimizers.Adam(1e-3))
    stream = data.load("digits", "train", "dynamic_binarization", batch_size=64)
    tuned.fit(stream, epochs=epochs, validation_data=(test, test_labels), verbose=fit_verbosity())
    after = _score(tuned, test, test_labels)
    console.print(f"   log p(x given the label): [bold]{before:.1f}[/] nats before, [bold]{after:.1f}[/] nats after")
    picture(
        "3_before_and_after.png",
        plots.before_and_after(
            model, tuned, titles="The same latents before | after learning digits of 8x8, which are coarse"
        ),
    )
    picture(
        "3_reconstructions_after.png",
        plots.reconstructions(tuned, test[:20], test_labels[:20], title=f"Reconstructions by {model.name}, fine-tuned"),
    )

    step("4. Save it, load it again, and compare")
    folder = zoo.save_to_preset(tuned, out / "my_digits", overwrite=True)
    again = zoo.load(folder)
    labels = np.arange(100) % 10
    same = np.array_equal(tuned.sample(labels=labels, seed=7), again.sample(labels=labels, seed=7))
    if not same:
        raise RuntimeError(
            f"The model reloaded from {folder} draws other images than the one that was saved: please report this."
        )
    console.print(f"   {folder}: 100 images drawn from the same seed are equal, bit for bit", soft_wrap=True)

    step("Done. The pictures:")
    for path in pictures:
        console.print(f"   {path.resolve()}", soft_wrap=True, highlight=False)
    return pictures


def _score(model: Any, images: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(model.log_prob(images, labels, num_samples=_SAMPLES, seed=0)))
