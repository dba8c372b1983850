import numpy as np
import pytest
from PIL import Image

from keras_vae import data

SHAPE = (6, 6, 1)


def fill(folder, grey, count):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.new("L", (6, 6), grey + i).save(folder / f"{i:03d}.png")


@pytest.fixture
def pets(tmp_path):
    fill(tmp_path / "pets" / "dogs", 100, 30)
    fill(tmp_path / "pets" / "cats", 0, 30)
    (tmp_path / "pets" / "notes.txt").write_text("no picture")
    (tmp_path / "pets" / ".hidden").mkdir()
    return tmp_path / "pets"


def test_folders_are_classes_in_the_order_of_the_alphabet(pets):
    found = data.ImageFolder(pets, SHAPE)
    assert found.class_names == ("cats", "dogs")
    for split, count in (("train", 54), ("test", 6)):
        images, labels = data.read(found, split)
        assert images.shape == (count, *SHAPE)
        np.testing.assert_array_equal(labels, images[:, 0, 0, 0] >= 100)


def test_the_splits_share_no_picture_and_are_always_the_same(pets):
    first, again = data.ImageFolder(pets, SHAPE), data.ImageFolder(pets, SHAPE)
    values = {split: set(first(split).images[:, 0, 0, 0]) for split in ("train", "test")}
    assert not values["train"] & values["test"]
    assert len(values["train"] | values["test"]) == 60
    for split in values:
        np.testing.assert_array_equal(first(split).images, again(split).images)
    assert set(data.read(first, "train[-20:]").labels) == {0, 1}  # not sorted by class


def test_own_splits_are_kept(tmp_path):
    for split, count in (("train", 3), ("test", 2)):
        for i, name in enumerate(("a", "b")):
            fill(tmp_path / split / name, 50 * i, count)
    found = data.ImageFolder(tmp_path, SHAPE)
    assert found.class_names == ("a", "b")
    assert [len(found(split).labels) for split in ("train", "test")] == [6, 4]
    fill(tmp_path / "test" / "c", 0, 1)
    with pytest.raises(ValueError, match="give both the same"):
        data.ImageFolder(tmp_path, SHAPE)


def test_pictures_without_classes_have_the_label_zero(tmp_path):
    fill(tmp_path, 0, 5)
    found = data.ImageFolder(tmp_path, SHAPE)
    assert found.class_names == ("",)
    assert not data.read(found, "train").labels.any()


def test_it_goes_wherever_a_name_goes(pets):
    batches = data.load(data.ImageFolder(pets, SHAPE), "train", batch_size=10)
    images, labels = next(iter(batches))
    assert images.shape == (10, *SHAPE)
    assert labels.shape == (10,)
    assert float(np.max(images)) <= 1


def test_progress_is_told_and_files_are_read_once(pets):
    told = []
    found = data.ImageFolder(pets, SHAPE, progress=lambda done, total: told.append((done, total)))
    found("test")
    found("test")
    assert told == [(i, 6) for i in range(1, 7)]


def test_another_picture_makes_another_fingerprint(pets):
    before = data.ImageFolder(pets, SHAPE).fingerprint
    assert data.ImageFolder(pets, SHAPE).fingerprint == before
    assert data.ImageFolder(pets, (8, 8, 1)).fingerprint != before
    fill(pets / "birds", 200, 1)
    assert data.ImageFolder(pets, SHAPE).fingerprint != before


def test_what_is_no_such_folder_is_refused(tmp_path, pets):
    with pytest.raises(NotADirectoryError, match="nowhere is no folder"):
        data.ImageFolder(tmp_path / "nowhere", SHAPE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no pictures"):
        data.ImageFolder(tmp_path / "empty", SHAPE)
    fill(tmp_path / "one", 0, 1)
    with pytest.raises(ValueError, match="holds one picture"):
        data.ImageFolder(tmp_path / "one", SHAPE)
    Image.new("L", (6, 6)).save(pets / "stray.png")
    with pytest.raises(ValueError, match=r"'stray.png' beside the folder 'cats'"):
        data.ImageFolder(pets, SHAPE)


def test_a_damaged_file_stops_the_reading_and_is_named(pets):
    (pets / "cats" / "000.png").write_bytes(b"broken")
    found = data.ImageFolder(pets, SHAPE)
    with pytest.raises(ValueError, match="000.png"):
        found("train")
        found("test")


def test_the_name_folder_asks_for_one():
    with pytest.raises(ValueError, match="--data FOLDER"):
        data.read("folder")
