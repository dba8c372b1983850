import subprocess
import sys
import weakref

import numpy as np
import pytest
from PIL import Image

from keras_vae import VAE, augment, data, training
from keras_vae._backend import keras, tf
from keras_vae.data import images_on_disk
from keras_vae.training import Recipe

SHAPE = (8, 8, 1)
COUNT = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of images of noise, 8x8."""
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("noise")
    for name in ("dark", "light"):
        (root / name).mkdir()
        for i in range(COUNT // 2):
            pixels = rng.integers(0, 128, (8, 8), "uint8") + (128 if name == "light" else 0)
            Image.fromarray(pixels.astype("uint8")).save(root / name / f"{i:02d}.png")
    return root


def both(folder):
    """The folder in memory, and on disk."""
    return data.ImageFolder(folder, SHAPE), data.ImageFolder(folder, SHAPE, cache_bytes=COUNT * 64 - 1)


def test_what_fits_is_an_array_and_what_does_not_stays_in_its_files(folder):
    fits = data.ImageFolder(folder, SHAPE, cache_bytes=COUNT * 64)
    memory, disk = both(folder)
    assert isinstance(fits("train").images, np.ndarray)
    assert isinstance(disk("train").images, data.ImagesOnDisk)
    assert disk("train").images.shape == memory("train").images.shape == (54, *SHAPE)
    np.testing.assert_array_equal(disk("train").labels, memory("train").labels)
    part = data.read(disk, "train[-20:]").images[5:9]
    np.testing.assert_array_equal(part.take([3, 0]), memory("train").images[-20:][5:9][[3, 0]])
    assert disk.fingerprint == memory.fingerprint


def test_images_in_files_do_not_become_an_array_by_mistake(folder):
    images = both(folder)[1]("train").images
    with pytest.raises(TypeError, match="54 images in files, which are more than the folder's cache_bytes"):
        np.asarray(images)
    with pytest.raises(TypeError, match=r"images in files are sliced, as in images\[:100\]"):
        images[3]
    with pytest.raises(ValueError, match="by_image=False: of images in files"):
        data.Images(images, np.zeros(54, "int64"))


@pytest.mark.parametrize(
    "preprocessing",
    [
        "scaling",
        "dynamic_binarization",
        "fixed_binarization",
        "dequantization",
        augment.RandomShift(flip=True),
        augment.RandomResizedCrop(),
    ],
)
@pytest.mark.parametrize("split", ["train", "train[-20:]", "test"])
def test_batches_are_the_same_to_the_last_bit(folder, preprocessing, split):
    for shuffle in (True, False):
        memory, disk = (
            [pair for _ in range(2) for pair in data.load(source, split, preprocessing, 5, shuffle, seed=3)]
            for source in both(folder)
        )
        assert len(memory) == len(disk) > 0
        for (x1, y1), (x2, y2) in zip(memory, disk, strict=True):
            np.testing.assert_array_equal(x1, x2)
            np.testing.assert_array_equal(y1, y2)
    memory, disk = (data.arrays(source, split, preprocessing, seed=3) for source in both(folder))
    np.testing.assert_array_equal(memory[0], disk[0])
    np.testing.assert_array_equal(
        memory[0], np.concatenate([x for x, _ in data.load(both(folder)[1], split, preprocessing, 5, False, 3)])
    )


@pytest.mark.parametrize("step", [augment.Scaling(), augment.RandomResizedCrop()])
def test_where_no_noise_is_sampled_images_are_prepared_batch_by_batch(folder, step, monkeypatch):
    """To the same bits as one by one."""
    one_by_one = [step.once(image[None], 0)[0] for image in data.read(both(folder)[0], "test").images]
    monkeypatch.setattr(tf, "map_fn", None)  # which goes through a batch image by image
    for source in both(folder):
        np.testing.assert_array_equal(data.arrays(source, "test", step)[0], one_by_one)


def test_noise_that_is_sampled_once_belongs_to_the_place_of_an_image_in_its_split(folder):
    source = both(folder)[1]
    whole, _ = data.arrays(source, "train", "fixed_binarization")
    part, _ = data.arrays(source, "train[-20:]", "fixed_binarization")
    np.testing.assert_array_equal(whole[-20:], part)
    grey = data.Images(np.full((2, 50, 50, 1), 128, "uint8"), np.zeros(2, "int64"), by_image=True)
    first, second = data.prepared(grey, augment.FixedBinarization(), 0).numpy()
    assert (first != second).mean() == pytest.approx(0.5, abs=0.05)


def test_the_mean_is_the_same_to_the_last_bit_and_decodes_the_fewer(folder, monkeypatch):
    memory, disk = both(folder)
    for split in ("train", "train[:-10]", "train[-10:]"):
        expected = data.read(memory, split).images.mean(axis=0, dtype="float64")
        np.testing.assert_array_equal(data.mean_image(data.read(memory, split).images), expected)
        np.testing.assert_array_equal(data.mean_image(data.read(disk, split).images), expected)
    taken = []
    real = data.ImagesOnDisk.take
    monkeypatch.setattr(data.ImagesOnDisk, "take", lambda self, index: taken.append(len(index)) or real(self, index))
    data.mean_image(data.read(disk, "train[:-10]").images)
    assert sum(taken) == 10


def test_a_file_that_changes_under_way_is_named(tmp_path):
    for i in range(20):
        Image.new("L", (8, 8), i).save(tmp_path / f"{i:02d}.png")
    source = data.ImageFolder(tmp_path, SHAPE, cache_bytes=0)
    stream = data.load(source, "train", batch_size=18)
    model = VAE(SHAPE, 2, hidden_units=(4,), likelihood="gaussian")
    model.compile()
    model.fit(stream, verbose=0)
    for path in tmp_path.iterdir():
        Image.new("L", (8, 8), 99).save(path)
    with pytest.raises(
        ValueError, match=r"^/.*png was changed since the folder was read: leave the images as they are .* again\.$"
    ):
        model.fit(stream, verbose=0)


def test_arrays_of_more_than_fits_are_refused_and_a_slice_is_offered(folder, monkeypatch):
    source = both(folder)[1]
    assert data.split_for_arrays(source, "train") == "train"
    assert data.split_for_arrays("digits", "train") == "train"
    monkeypatch.setattr(data.loading, "_ARRAY_BYTES", 10 * 64 * 4)
    with pytest.raises(
        ValueError, match=r"54 images would be .* GB of floats. Take at most 10, such as 'train\[:10\]'"
    ):
        data.arrays(source, "train")
    split = data.split_for_arrays(source, "train")
    assert split == "train[:10]"
    assert len(data.arrays(source, split)[0]) == 10
    assert data.split_for_arrays(source, "test") == "test"


def recipe(**model):
    return Recipe.from_dict(
        {
            "model": {
                "class": "ConditionalVAE",
                "data_shape": list(SHAPE),
                "num_classes": 2,
                "latent_size": 2,
                **model,
            },
            "data": {"name": "folder", "preprocessing": "dynamic_binarization", "validation": 10},
            "training": {"epochs": 3, "batch_size": 8, "ema": 0.9, "steps_per_execution": 2, "seed": 1},
        }
    )


def same_weights(first, second):
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def without_seconds(folder):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in training.read_history(folder)]


def train(recipe, folder, source, callbacks=()):
    return training.train(recipe, folder, source=source, callbacks=callbacks, checkpoint_seconds=0, verbose=0)


class _Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("prior", ["standard_normal", {"name": "vamp_prior", "num_components": 4}])
def test_training_gives_the_same_weights_in_memory_and_from_files_and_resumes(folder, tmp_path, prior):
    model = {"prior": prior} if prior == "standard_normal" else {"class": "VAE", "prior": prior}
    found = recipe(**model)
    if prior != "standard_normal":
        tables = found.to_dict()
        del tables["model"]["num_classes"]
        found = Recipe.from_dict(tables)
    memory, disk = both(folder)
    first = train(found, tmp_path / "memory", memory)
    second = train(found, tmp_path / "disk", disk)
    same_weights(first, second)
    assert without_seconds(tmp_path / "memory") == without_seconds(tmp_path / "disk")
    assert {"val_elbo"} <= set(training.read_history(tmp_path / "disk")[0])
    # Begun in memory, gone on with from files.
    with pytest.raises(KeyboardInterrupt):
        train(found, tmp_path / "cut", memory, [_Stop()])
    same_weights(first, train(found, tmp_path / "cut", both(folder)[1]))


def test_clusters_start_the_same_in_memory_and_from_files(folder, tmp_path):
    found = Recipe.from_dict(
        {
            "model": {
                "class": "VaDE",
                "data_shape": list(SHAPE),
                "num_clusters": 2,
                "latent_size": 2,
                "hidden_units": [8],
            },
            "data": {"name": "folder"},
            "training": {"epochs": 1, "batch_size": 8},
            "pretraining": {"training": {"epochs": 1}},
        }
    )
    memory, disk = both(folder)
    same_weights(train(found, tmp_path / "memory", memory), train(found, tmp_path / "disk", disk))


def test_no_array_of_a_whole_split_is_made(folder, tmp_path, monkeypatch):
    alive, most = [0], [0]
    real = data.ImagesOnDisk.take

    def gone(count):
        alive[0] -= count

    def watched(self, index):
        images = real(self, index)
        alive[0] += len(images)
        most[0] = max(most[0], alive[0])
        weakref.finalize(images, gone, len(images))
        return images

    monkeypatch.setattr(data.ImagesOnDisk, "take", watched)
    monkeypatch.setattr(images_on_disk, "_BLOCK", 8)
    monkeypatch.setattr(training.runner, "_VALIDATED", 5)
    monkeypatch.setattr(training.runner, "_LOOKED_AT", 8)
    monkeypatch.setattr(training.runner, "_EXAMPLES", 8)
    tensors = []
    constant = tf.constant
    monkeypatch.setattr(
        tf, "constant", lambda value, *a, **k: tensors.append(np.shape(value)) or constant(value, *a, **k)
    )
    found = recipe()
    disk = both(folder)[1]
    train(found, tmp_path / "run", disk)
    # A batch has 8 images; two wait, two are made, one is learned from.
    assert 8 <= most[0] <= 40 < 54 - 10
    assert not [shape for shape in tensors if len(shape) == 4 and shape[0] > 8]


_RSS = """
import resource, sys
from keras_vae import ConvVAE, data
source = data.ImageFolder(sys.argv[1], (256, 256, 3), cache_bytes=0)
model = ConvVAE(source.shape, 4, filters=(4, 4, 4), dense_units=(8,), likelihood="gaussian")
model.compile()
model.fit(data.load(source, "train", batch_size=8), epochs=1, verbose=0)
print(len(source("train").labels), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _peak(folder, count):
    """Peak resident MiB of a process that trains from a folder of so many images of 256x256."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(count):
        small = rng.integers(0, 256, (8, 8, 3), "uint8")
        Image.fromarray(small).resize((256, 256)).save(folder / f"{i:04d}.jpg")
    done = subprocess.run([sys.executable, "-c", _RSS, str(folder)], capture_output=True, text=True, check=True)
    read, kib = map(int, done.stdout.split()[-2:])
    assert read == count - count // 10
    return kib / 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_folder(tmp_path):
    few, many = _peak(tmp_path / "few", 80), _peak(tmp_path / "many", 1200)
    print(f"peak resident memory: {few:.0f} MiB of 80 images, {many:.0f} MiB of 1,200")
    # 1,120 images more would be 210 MiB as bytes, and 840 MiB as floats.
    assert many - few < 120
