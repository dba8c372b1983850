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
    with pytest.raises(ValueError, match="holds no images"):
        data.ImageFolder(tmp_path / "empty", SHAPE)
    fill(tmp_path / "one", 0, 1)
    with pytest.raises(ValueError, match="holds one image"):
        data.ImageFolder(tmp_path / "one", SHAPE)
    Image.new("L", (6, 6)).save(pets / "stray.png")
    with pytest.raises(ValueError, match=r"'stray.png' beside the folder 'cats'"):
        data.ImageFolder(pets, SHAPE)


@pytest.mark.parametrize("cache_bytes", [0, 2**30])
def test_a_damaged_file_stops_the_reading_and_is_named(pets, cache_bytes):
    (pets / "cats" / "000.png").write_bytes(b"broken")
    found = data.ImageFolder(pets, SHAPE, cache_bytes=cache_bytes)
    with pytest.raises(ValueError, match=r'000.png is no image .* leave such files out: corrupt="skip"'):
        found("train")
        found("test")


@pytest.mark.parametrize("cache_bytes", [0, 2**30])
def test_damaged_files_are_skipped_counted_and_named_in_one_warning_where_asked_for(pets, cache_bytes):
    whole = [data.ImageFolder(pets, SHAPE)(split) for split in ("train", "test")]
    names = [f"{i:03d}.png" for i in range(14)]
    for name in names:
        (pets / "cats" / name).write_bytes(b"broken")
    found = data.ImageFolder(pets, SHAPE, corrupt="skip", cache_bytes=cache_bytes)
    with pytest.warns(UserWarning, match=r"skipped .* files of .*, which cannot be decoded\. .*png is no") as warned:
        left = [found(split) for split in ("train", "test")]
    assert len(warned) == len({str(one.message) for one in warned}) <= 2  # one per split
    assert sum(" skipped " in str(one.message) for one in warned) == len(warned)
    named = [name for one in warned for name in names if name in str(one.message)]
    assert 5 <= len(named) <= 10  # the first few
    for split, before in zip(left, whole, strict=True):
        kept = before.images[:, 0, 0, 0] >= 14  # those of the cats are 0 to 29
        images = split.images if cache_bytes else split.images.take(range(len(split.images)))
        np.testing.assert_array_equal(images, before.images[kept])
        np.testing.assert_array_equal(split.labels, before.labels[kept])


def test_the_fingerprint_knows_what_was_skipped(pets):
    before = data.ImageFolder(pets, SHAPE).fingerprint
    assert data.ImageFolder(pets, SHAPE, corrupt="skip").fingerprint == before  # nothing was
    content = (pets / "cats" / "005.png").read_bytes()
    (pets / "cats" / "005.png").write_bytes(b"broken")
    with pytest.warns(UserWarning, match="skipped 1 of the"):
        skipped = data.ImageFolder(pets, SHAPE, corrupt="skip").fingerprint
    (pets / "cats" / "005.png").write_bytes(b"broken in another way")
    with pytest.warns(UserWarning, match="skipped 1 of the"):
        assert data.ImageFolder(pets, SHAPE, corrupt="skip", cache_bytes=0).fingerprint == skipped != before
    (pets / "cats" / "005.png").write_bytes(content)
    assert data.ImageFolder(pets, SHAPE, corrupt="skip").fingerprint == before


def test_a_split_of_which_nothing_is_left_is_an_error(tmp_path):
    for name in ("train", "test"):
        fill(tmp_path / name, 0, 3)
    for path in (tmp_path / "test").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(ValueError, match="none of the 3 files of 'test' can be decoded"):
        data.ImageFolder(tmp_path, SHAPE, corrupt="skip")("test")


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


def test_links_to_what_is_inside_are_followed_once(pets):
    (pets / ".all" / "more").mkdir(parents=True)
    fill(pets / ".all" / "more", 200, 5)
    (pets / "birds").symlink_to(".all")
    (pets / "cats" / "bird.png").symlink_to(pets / ".all" / "more" / "000.png")
    found = data.ImageFolder(pets, SHAPE)
    assert found.class_names == ("birds", "cats", "dogs")
    assert len(found("train").labels) + len(found("test").labels) == 66
    (pets / "cats" / "again").symlink_to(pets / "birds" / "more")
    with pytest.raises(ValueError, match="again leads to .*more, which holds it or is read already: remove the link"):
        data.ImageFolder(pets, SHAPE)


@pytest.mark.parametrize("link", ["birds", "cats/more", "cats/one.png", "train"])
def test_links_that_lead_outside_are_refused_unless_asked_for(tmp_path, pets, link):
    fill(tmp_path / "elsewhere", 200, 5)
    (tmp_path / "elsewhere" / "inner").mkdir()
    target = tmp_path / "elsewhere" / ("000.png" if link.endswith("png") else "")
    if link == "train":
        pets = tmp_path / "split"
        fill(pets / "test", 0, 5)
    (pets / link).symlink_to(target)
    with pytest.raises(ValueError, match=rf"{link} leads to {target}, outside of {pets}: .*follow_links=True"):
        data.ImageFolder(pets, SHAPE)
    found = data.ImageFolder(pets, SHAPE, follow_links=True)
    count = len(found("train").labels) + len(found("test").labels)
    assert count == {"birds": 65, "cats/more": 65, "cats/one.png": 61, "train": 10}[link]


def test_the_folder_itself_may_be_a_link(tmp_path, pets):
    (tmp_path / "link").symlink_to(pets)
    assert data.ImageFolder(tmp_path / "link", SHAPE).class_names == ("cats", "dogs")


@pytest.mark.parametrize("follow_links", [False, True])
def test_a_broken_link_is_refused(pets, follow_links):
    (pets / "cats" / "gone.png").symlink_to(pets / "nothing.png")
    with pytest.raises(ValueError, match=r"gone.png is a link to .*nothing.png, which does not exist: remove the link"):
        data.ImageFolder(pets, SHAPE, follow_links=follow_links)


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
    with pytest.raises(ValueError, match="cache_bytes=-1: must be a whole number from 0"):
        data.ImageFolder(pets, SHAPE, cache_bytes=-1)
    with pytest.raises(ValueError, match="corrupt='ignore': must be one of 'raise', 'skip'"):
        data.ImageFolder(pets, SHAPE, corrupt="ignore")
    with pytest.raises(ValueError, match="follow_links='no': must be true or false"):
        data.ImageFolder(pets, SHAPE, follow_links="no")
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
    assert len(threads) == 3
    assert len(set(threads)) == 1
    assert sorted(np.concatenate(values)) == [0, 10, 20, 30, 40, 50]
