import numpy as np
import pytest
from PIL import Image

from keras_vae.data import survey


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "mine"


def save(array, path, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **settings)


def test_counts_sizes_colors_and_classes(folder, rng):
    for i in range(30):
        save(rng.integers(0, 256, (20, 40, 3)).astype("uint8"), folder / "many" / f"{i}.png")
    for i in range(2):
        save(rng.integers(0, 256, (50, 16, 4)).astype("uint8"), folder / "few" / f"{i}.png")
    found = survey(folder)
    assert (found.training, found.test) == (29, 3)
    assert found.classes == {"few": 2, "many": 30}
    assert (found.smallest_side, found.median_side) == (16, 20)
    assert not found.gray
    assert found.transparent == pytest.approx(2 / 32)
    words = "\n".join(found.lines())
    for part in (
        "29 training images and 3 test images, color",
        "few 2, many 30",
        "unbalanced: few has 2",
        "6% of the images",
    ):
        assert part in words
    assert "29 images are few" in words


def test_the_deviation_is_that_about_the_mean_image(folder):
    """Half of the images are black and half are white on the left; the right is always gray."""
    for i in range(20):
        array = np.full((64, 64), 128, "uint8")
        array[:, :32] = 255 * (i % 2)
        save(array, folder / f"{i}.png")
    found = survey(folder)
    assert found.gray
    assert found.classes == {}
    assert found.deviation == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_gray_jpeg_in_color_is_gray(folder, rng):
    for i in range(4):
        array = np.repeat(rng.integers(0, 256, (16, 16, 1)).astype("uint8"), 3, axis=-1)
        save(array, folder / f"{i}.jpg", quality=80)
    assert survey(folder).gray


def test_splits_are_counted_as_they_are(folder, rng):
    for split, count in (("train", 5), ("test", 2)):
        for i in range(count):
            save(rng.integers(0, 256, (8, 8, 3)).astype("uint8"), folder / split / "a" / f"{i}.png")
            save(rng.integers(0, 256, (8, 8, 3)).astype("uint8"), folder / split / "b" / f"{i}.png")
    found = survey(folder)
    assert (found.training, found.test, found.classes) == (10, 4, {"a": 7, "b": 7})


def test_damaged_files_are_left_out_and_none_but_damaged_is_an_error(folder, rng):
    folder.mkdir()
    for i in range(3):
        (folder / f"bad_{i}.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="no image that can be read: 3 files"):
        survey(folder)
    for i in range(3):
        save(rng.integers(0, 256, (8, 8, 3)).astype("uint8"), folder / f"{i}.png")
    found = survey(folder)
    assert found.median_side == 8
    assert found.training + found.test == 3
    assert found.damaged == tuple(folder / f"bad_{i}.png" for i in range(3))
    assert f"3 files cannot be decoded, such as {folder / 'bad_0.png'}" in "\n".join(found.lines())


def test_a_table_is_surveyed_with_its_attributes(folder, rng):
    for i in range(20):
        save(rng.integers(0, 256, (8, 8, 3)).astype("uint8"), folder / f"{i}.png")
    rows = [f"{i}.png,{('red', 'blue')[i % 2]},{i}" for i in range(20)]
    (folder / "table.csv").write_text("\n".join(["file,color,age", *rows]))
    found = survey(folder / "table.csv")
    assert (found.training, found.test, found.classes) == (18, 2, {})
    assert list(found.attributes) == ["age", "color"]
    assert "2 attributes: age (a number, about " in found.lines()[1]
    assert found.lines()[1].endswith("color (blue, red).")
    with pytest.raises(FileNotFoundError, match="is no file"):
        survey(folder / "other.csv")


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(NotADirectoryError, match="is no folder"):
        survey(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="folder=None"):
        survey(None)
