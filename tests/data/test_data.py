import zlib

import numpy as np
import pytest

import keras_vae
from keras_vae import augment, data
from keras_vae._backend import tf
from keras_vae.data import DataUnavailableError, Images


@pytest.fixture
def small():
    images = np.arange(7 * 4, dtype="uint8").reshape(7, 2, 2, 1) * 9
    return Images(images, np.arange(7))


def _epoch(dataset):
    pairs = [(x.numpy(), y.numpy()) for x, y in dataset]
    return np.concatenate([x for x, _ in pairs]), np.concatenate([y for _, y in pairs])


def test_digits_are_always_there_in_mnists_form():
    train, test = data.read("digits", "train"), data.read("digits", "test")
    assert (train.images.shape, test.images.shape) == ((1437, 28, 28, 1), (360, 28, 28, 1))
    assert train.images.dtype == np.uint8
    assert train.images.max() == 255
    assert train.images[:, :4].max() == 0  # the margin
    assert set(test.labels) == set(range(10))
    assert not {i.tobytes() for i in train.images} & {i.tobytes() for i in test.images}


def test_slices_part_the_training_set():
    first, last = data.read("digits", "train[:-200]"), data.read("digits", "train[-200:]")
    assert (len(first.labels), len(last.labels)) == (1237, 200)
    np.testing.assert_array_equal(np.concatenate([first.labels, last.labels]), data.read("digits").labels)


def test_every_example_comes_once_an_epoch_in_a_new_order_with_its_own_label(small):
    dataset = data.batches(small, augment.Scaling(), 3)
    assert int(dataset.cardinality()) == 3
    (x1, y1), (_, y2) = _epoch(dataset), _epoch(dataset)
    assert sorted(y1) == sorted(y2) == list(range(7))
    assert list(y1) != list(y2)
    np.testing.assert_allclose(x1, small.images[y1] / 255.0, rtol=1e-6)


def test_the_test_split_keeps_order_and_noise():
    dataset = data.load("digits", "test", "dynamic_binarization", batch_size=100)
    (x1, y1), (x2, _) = _epoch(dataset), _epoch(dataset)
    np.testing.assert_array_equal(x1, x2)
    np.testing.assert_array_equal(y1, data.read("digits", "test").labels)
    np.testing.assert_array_equal(x1, data.arrays("digits", "test", "dynamic_binarization")[0])


def test_a_validation_slice_can_keep_its_order_and_noise():
    dataset = data.load("digits", "train[-50:]", "dynamic_binarization", batch_size=20, shuffle=False)
    (x1, y1), (x2, _) = _epoch(dataset), _epoch(dataset)
    np.testing.assert_array_equal(x1, x2)
    np.testing.assert_array_equal(y1, data.read("digits", "train[-50:]").labels)


@pytest.mark.parametrize(
    ("step", "fresh"), [(augment.DynamicBinarization(), True), (augment.FixedBinarization(), False)]
)
def test_dynamic_binarisation_draws_anew_and_fixed_does_not(step, fresh):
    images = Images(np.full((50, 4, 4, 1), 128, "uint8"), np.arange(50))
    dataset = data.batches(images, step, 50)
    (x1, y1), (x2, y2) = _epoch(dataset), _epoch(dataset)
    x1, x2 = x1[np.argsort(y1)], x2[np.argsort(y2)]
    assert set(np.unique(x1)) == {0.0, 1.0}
    assert x1.mean() == pytest.approx(128 / 255, abs=0.07)
    assert (x1 != x2).any() == fresh


def test_dequantisation_stays_in_the_pixels_bin(small):
    x = augment.Dequantization()(small.images, tf.constant([1, 2])).numpy()
    np.testing.assert_array_equal(np.floor(x * 256), small.images)


def test_random_shift_moves_and_loses_only_the_border():
    images = np.zeros((200, 9, 9, 1), "uint8")
    images[:, 4, 4] = 255
    x = augment.RandomShift()(images, tf.constant([1, 2])).numpy()
    assert (x.sum((1, 2, 3)) == 1).all()
    places = {tuple(p[1:3]) for p in np.argwhere(x)}
    assert places == {(r, c) for r in range(2, 7) for c in range(2, 7)}


def test_random_shift_mirrors_half_of_the_images_where_it_is_asked_to():
    images = np.random.default_rng(0).integers(0, 256, (400, 9, 9, 1)).astype("uint8")
    seed = tf.constant([1, 2])
    moved, found = (augment.RandomShift(flip)(images, seed).numpy() for flip in (False, True))
    mirrored = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(found, moved, strict=True)])
    same = np.array([np.array_equal(a, b) for a, b in zip(found, moved, strict=True)])
    assert (mirrored ^ same).all()
    assert mirrored.mean() == pytest.approx(0.5, abs=0.1)


def test_an_epoch_of_several_passes_shuffles_each_of_them():
    images = data.Images(np.arange(10, dtype="uint8")[:, None, None, None], np.arange(10))
    stream = data.training_stream(images, augment.Scaling(), 2, steps_per_epoch=15, seed=5)
    labels = np.concatenate([y for _, y in stream.take(30).as_numpy_iterator()]).reshape(6, 10)
    for one_pass in labels:
        assert sorted(one_pass) == list(range(10))
    assert len({tuple(one_pass) for one_pass in labels}) == 6
    one = data.training_stream(images, augment.Scaling(), 2, steps_per_epoch=5, seed=5)
    first = np.concatenate([y for _, y in one.take(5).as_numpy_iterator()])
    np.testing.assert_array_equal(first, labels[0])
    # The second epoch is the same wherever the stream begins.
    later = data.training_stream(images, augment.Scaling(), 2, steps_per_epoch=15, seed=5, first_epoch=1)
    np.testing.assert_array_equal(
        np.concatenate([y for _, y in later.take(15).as_numpy_iterator()]), labels[3:].ravel()
    )


def test_the_training_stream_goes_on_where_it_was(small):
    def labels(first_epoch, count):
        stream = data.training_stream(small, augment.Scaling(), 2, steps_per_epoch=3, seed=5, first_epoch=first_epoch)
        return [y.numpy().tolist() for _, y in stream.take(count)]

    assert labels(0, 9)[6:] == labels(2, 3)
    assert labels(0, 3) != labels(1, 3)


def test_goes_straight_into_fit_of_every_kind_of_model():
    train = data.load("digits", "test", "dynamic_binarization", batch_size=120)
    for model in (keras_vae.VAE((28, 28, 1), 2, hidden_units=(8,)), keras_vae.ConditionalVAE((28, 28, 1), 10, 2)):
        model.compile()
        assert np.isfinite(model.fit(train, verbose=0).history["loss"][0])


def test_bad_names_list_the_choices():
    with pytest.raises(
        ValueError, match=r"name='mnits'.*'mnist', 'cifar10', 'frey_faces', 'digits'.*Did you mean 'mnist'"
    ):
        data.load("mnits")
    with pytest.raises(ValueError, match=r"split='valid'.*'train' or 'test'"):
        data.load("digits", "valid")
    with pytest.raises(ValueError, match=r"train\[5:5\].*no image"):
        data.load("digits", "train[5:5]")
    with pytest.raises(ValueError, match="preprocessing='binary'.*dynamic_binarization"):
        data.load("digits", preprocessing="binary")
    with pytest.raises(ValueError, match="batch_size=0"):
        data.load("digits", batch_size=0)


def test_a_data_set_that_is_nowhere_says_what_to_do(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: (_ for _ in ()).throw(OSError("no network")))
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with pytest.raises(
        DataUnavailableError, match=r"'mnist' is not in .*no network.*TFDS_DATA_DIR.*'digits' needs neither"
    ):
        data.read("mnist", data_dir=str(tmp_path))
    assert not caplog.records  # the error says it all


def test_mnist_is_the_original(test_images):
    prepared, _ = test_images("mnist_vae")
    train, test = data.read("mnist", "train"), data.read("mnist", "test")
    assert (train.images.shape, test.images.shape) == ((60000, 28, 28, 1), (10000, 28, 28, 1))
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9] or sorted(np.bincount(train.labels).tolist())[0] == 5421
    assert prepared.mean() == pytest.approx(test.images.mean() / 255, abs=1e-3)


def _gray(part=0, count=50):
    return Images(np.full((count, 8, 8, 1), 128, "uint8"), np.arange(count), part=part)


def test_the_noise_of_the_test_split_is_that_of_the_published_numbers():
    x = data.prepared(_gray(), augment.FixedBinarization(), 0).numpy()
    assert zlib.crc32(np.packbits(x.astype(bool))) == 2673829112
    x = data.prepared(_gray(), augment.Dequantization(), 0).numpy()
    assert zlib.crc32(x) == 519518369


@pytest.mark.parametrize("one", ["train", "train[:-700]", "test[100:]"])
@pytest.mark.parametrize("other", ["train[700:]", "test"])
@pytest.mark.parametrize("batched", [False, True])
def test_the_noise_of_two_parts_is_independent(one, other, batched):
    def noise(split):
        if batched:
            dataset = data.load("digits", split, "dequantization", batch_size=200, shuffle=False, seed=0)
            x = np.concatenate([images.numpy() for images, _ in dataset.take(1)])
        else:
            x = data.arrays("digits", split, "dequantization", seed=0)[0][:200]
        return (256 * x - data.read("digits", split).images[:200]).ravel()

    assert abs(np.corrcoef(noise(one), noise(other))[0, 1]) < 0.01
    assert np.array_equal(noise(one), noise(one))


def test_the_first_test_images_have_the_noise_of_the_whole_split():
    whole, part = (data.arrays("digits", split, "dynamic_binarization")[0] for split in ("test", "test[:50]"))
    np.testing.assert_array_equal(whole[:50], part)


class _Own:
    name = "own"

    def __init__(self, images, labels=None):
        self.found = images, np.zeros(len(images), int) if labels is None else labels

    def __call__(self, split):
        return Images(*self.found)


def test_a_data_set_of_ones_own_goes_where_a_name_goes(rng):
    images = rng.integers(0, 256, (6, 4, 4, 1), dtype="uint8")
    x, _ = data.arrays(_Own(images), "test")
    np.testing.assert_allclose(x, images / 255.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.ones((6, 4, 4, 1), "float32"), None, r"float32 of shape \(6, 4, 4, 1\).*must be uint8 from 0 to 255"),
        (np.ones((6, 4, 4, 1), "int64"), None, "must be uint8"),
        (np.ones((6, 4, 4, 1), bool), None, "must be uint8"),
        ([[1, 2], [3, 4]], None, "must be a NumPy array"),
        (np.ones((6, 4, 4), "uint8"), None, r"must have the shape \(N, H, W, C\)"),
        (np.ones((0, 4, 4, 1), "uint8"), None, "with N at least 1"),
        (np.ones((6, 4, 4, 1), "uint8"), np.zeros(5, int), "there are 5 for 6 images"),
        (np.ones((6, 4, 4, 1), "uint8"), np.zeros((6, 1), int), r"labels\[:, 0\]"),
        (np.ones((6, 4, 4, 1), "uint8"), np.eye(6), "argmax"),
        (np.ones((6, 4, 4, 1), "uint8"), [0] * 6, "must be a NumPy array"),
    ],
)
def test_what_are_no_images_is_refused(images, labels, message):
    with pytest.raises(ValueError, match=message):
        data.arrays(_Own(images, labels), "test")


def test_random_resized_crop_enlarges_a_window_within_the_image():
    """Of a ramp a crop shows a part: its slope is that of the window, and no value is new."""
    ramp = np.round(np.linspace(0, 255, 64)).astype("uint8")
    images = np.broadcast_to(ramp[:, None, None], (200, 64, 64, 1)).copy()
    x = augment.RandomResizedCrop(smallest=0.5, flip=False)(images, tf.constant([1, 2])).numpy()[..., 0]
    assert x.min() >= 0
    assert x.max() <= 1
    extents = x[:, -1, 0] - x[:, 0, 0]
    assert 0.49 < extents.min() < 0.55
    assert 0.95 < extents.max() < 1.001
    np.testing.assert_allclose(x.std(axis=2), 0, atol=1e-6)
    np.testing.assert_allclose(np.diff(x[:, :, 0], axis=1), np.repeat(extents[:, None] / 63, 63, axis=1), atol=4e-3)


def test_random_resized_crop_mirrors_and_leaves_held_out_images_alone():
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 3)).astype("uint8")
    step = augment.RandomResizedCrop(smallest=1.0)
    x, plain = step(images, tf.constant([1, 2])).numpy(), images / np.float32(255)
    as_they_are = np.isclose(x, plain).all(axis=(1, 2, 3))
    assert np.isclose(x, plain[:, :, ::-1])[~as_they_are].all()
    assert 60 < as_they_are.sum() < 140
    np.testing.assert_array_equal(augment.RandomResizedCrop().once(images, 0), plain)


@pytest.mark.parametrize("smallest", [0.0, 1.1, "0.8", float("nan")])
def test_random_resized_crop_refuses_other_windows(smallest):
    with pytest.raises(ValueError, match=r"smallest=.*from 0\.1 to 1"):
        augment.RandomResizedCrop(smallest)


@pytest.mark.parametrize(
    "step", [augment.Scaling, augment.FixedBinarization, augment.Dequantization, augment.RandomShift]
)
def test_preprocessing_takes_bytes_alone(step):
    shares = np.full((2, 4, 4, 1), 0.5, "float32")
    for images in (shares, tf.constant(shares), shares > 0, (255 * shares).astype("int64"), None):
        with pytest.raises(ValueError, match="must be uint8 from 0 to 255"):
            step()(images, tf.constant([0, 0]))
    with pytest.raises(ValueError, match=r"\(N, H, W, C\)"):
        step().once(np.zeros((2, 4, 4), "uint8"), 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.read(None), "name=None: must be one of .*digits, .*or a data set of your own"),
        (lambda: data.read(["digits"]), "must be one of"),
        (lambda: data.read(lambda split: None), "must be one of"),
        (lambda: data.read("digits", None), "split=None: must be 'train' or 'test'"),
        (lambda: data.load("digits", 5), "split=5"),
        (lambda: data.load("digits", "test", shuffle="no"), "shuffle='no': must be True or False"),
        (lambda: data.about(None), "name=None"),
        (lambda: data.class_names(["digits"]), "name="),
        (lambda: data.outlined(np.full((1, 4, 4, 1), 5.0)), "floats from 5 to 5: give floats from 0 to 1"),
        (lambda: data.outlined(np.full((1, 4, 4, 1), np.nan)), "floats from nan"),
        (lambda: data.quadrants(np.ones((1, 4, 4, 1), int), 1), "type int64"),
        (lambda: data.choose_labelled(np.eye(3), 3), r"shape \(3, 3\).*argmax"),
        (lambda: data.choose_labelled([0.5, 1.5], 2), "type float64"),
        (lambda: data.choose_labelled([], 1), r"shape \(0,\)"),
        (lambda: data.choose_labelled([0, 1, -1], 2), "hold -1, of an example without a label"),
        (lambda: data.choose_labelled([0, 1], 2, seed="a"), "seed='a'"),
        (lambda: data.Shapes().factors(5, seed="a"), "seed='a'"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_source_must_return_images():
    def source(split):
        return np.zeros((6, 4, 4, 1), "uint8"), np.zeros(6, int)

    source.name = "pairs"
    with pytest.raises(ValueError, match=r"pairs\('test'\) returned tuple: a data set must return data.Images"):
        data.read(source, "test")
