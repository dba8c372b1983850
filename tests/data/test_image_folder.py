import os
import threading

import numpy as np
import pytest
from PIL import Image

from keras_vae import data
from keras_vae.data import image_files

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


def test_a_folder_of_splits_may_hold_nothing_else(tmp_path):
    for name in ("train", "test"):
        fill(tmp_path / name, 0, 3)
    (tmp_path / "notes").mkdir()
    assert len(data.ImageFolder(tmp_path, SHAPE)("test").labels) == 3
    fill(tmp_path / "bus", 0, 3)
    with pytest.raises(ValueError, match=r"holds 'bus' beside train and test, which would be left out"):
        data.ImageFolder(tmp_path, SHAPE)
    (tmp_path / "bus").rename(tmp_path / ".bus")
    Image.new("L", (6, 6)).save(tmp_path / "stray.png")
    with pytest.raises(ValueError, match=r"holds 'stray.png' beside train and test"):
        data.ImageFolder(tmp_path, SHAPE)


def test_one_split_without_the_other_is_no_class(tmp_path):
    fill(tmp_path / "train" / "cats", 0, 3)
    fill(tmp_path / "val" / "cats", 0, 3)
    with pytest.raises(ValueError, match="holds folders of images in 'train' and no 'test'"):
        data.ImageFolder(tmp_path, SHAPE)


def test_a_class_may_be_called_train(tmp_path):
    fill(tmp_path / "train", 0, 3)
    fill(tmp_path / "bus", 0, 3)
    assert data.ImageFolder(tmp_path, SHAPE).class_names == ("bus", "train")


def test_linked_folders_are_followed_once(tmp_path, pets):
    fill(tmp_path / "elsewhere" / "more", 200, 5)
    (pets / "birds").symlink_to(tmp_path / "elsewhere")
    found = data.ImageFolder(pets, SHAPE)
    assert found.class_names == ("birds", "cats", "dogs")
    assert len(found("train").labels) + len(found("test").labels) == 65
    (pets / "cats" / "again").symlink_to(pets / "birds" / "more")
    with pytest.raises(ValueError, match="again leads to .*more, which holds it or is read already: remove the link"):
        data.ImageFolder(pets, SHAPE)


@pytest.mark.parametrize(
    ("link", "target"), [("loop", ".."), ("loop", "."), ("cats/loop", ".."), ("cats/loop", "."), ("cats/loop", "../..")]
)
def test_a_link_to_a_folder_that_holds_it_is_refused(pets, link, target):
    (pets / link).symlink_to(target)
    with pytest.raises(ValueError, match=r"loop leads to .*, which holds it or is read already"):
        data.ImageFolder(pets, SHAPE)


@pytest.mark.parametrize("exchanged", ["before it is read", "after it is read"])
def test_the_fingerprint_is_of_the_contents(tmp_path, exchanged):
    def write(grey):
        for i in range(6):
            Image.new("L", (6, 6), grey).save(tmp_path / f"{i}.bmp")
            os.utime(tmp_path / f"{i}.bmp", (0, 0))

    write(10)
    first = data.ImageFolder(tmp_path, SHAPE)
    if exchanged == "before it is read":
        before = first.fingerprint
        write(240)
        assert data.ImageFolder(tmp_path, SHAPE).fingerprint != before
    else:  # then it is that of what was read
        for split in ("train", "test"):
            first(split)
        write(240)
        after = data.ImageFolder(tmp_path, SHAPE).fingerprint
        write(10)
        assert first.fingerprint == data.ImageFolder(tmp_path, SHAPE).fingerprint != after


def test_bad_arguments(pets):
    with pytest.raises(ValueError, match="folder=None: must be the path of a folder"):
        data.ImageFolder(None, SHAPE)
    with pytest.raises(ValueError, match="shape='abc': must be the shape of one example"):
        data.ImageFolder(pets, "abc")
    with pytest.raises(ValueError, match="split='valid': must be one of 'train', 'test'"):
        data.ImageFolder(pets, SHAPE)("valid")


def test_large_images_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    for i in range(6):
        Image.new("L", (40, 40) if i % 2 else (6, 6), 10 * i).save(tmp_path / f"{i}.png")
    real, threads = image_files._eight_bits, []

    def watched(opened, *arguments):
        if opened.width == 40:
            threads.append(threading.current_thread())
        return real(opened, *arguments)

    monkeypatch.setattr(image_files, "_eight_bits", watched)
    monkeypatch.setattr(image_files, "_LARGE", 1000)
    found = data.ImageFolder(tmp_path, SHAPE)
    values = [found(split).images[:, 0, 0, 0] for split in ("train", "test")]
    assert threads == [threading.main_thread()] * 3
    assert sorted(np.concatenate(values)) == [0, 10, 20, 30, 40, 50]
