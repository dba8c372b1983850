import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_vae import data
from keras_vae.data import image_files


def saved(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


@pytest.fixture
def wide(tmp_path):
    """Left third red, the middle blue, right third green."""
    array = np.zeros((40, 120, 3), "uint8")
    array[:, :40, 0] = array[:, 40:80, 2] = array[:, 80:, 1] = 255
    return saved(tmp_path / "wide.png", array)


def test_the_middle_is_cut_out_and_scaled(wide):
    picture = data.read_picture(wide, (20, 20, 3))
    assert picture.image.dtype == np.uint8
    np.testing.assert_array_equal(picture.image[:, 4:-4], np.tile(np.uint8([0, 0, 255]), (20, 12, 1)))
    assert picture.changes == "120x40 in colour: cut to its middle, scaled to 20x20"


def test_a_picture_of_the_right_form_is_taken_as_it_is(tmp_path, rng):
    array = rng.integers(0, 256, (8, 8), dtype="uint8")
    picture = data.read_picture(saved(tmp_path / "a.png", array), (8, 8, 1))
    np.testing.assert_array_equal(picture.image[..., 0], array)
    assert picture.changes == "8x8 grey: taken as it is"


def test_colour_becomes_grey_by_its_luminance(wide):
    picture = data.read_picture(wide, (40, 120, 1))
    np.testing.assert_allclose(picture.image[0, [0, 60, 119], 0], [0.299 * 255, 0.114 * 255, 0.587 * 255], atol=1)
    assert "made grey" in picture.changes


def test_dark_and_light_can_be_exchanged(wide):
    plain, inverted = (data.read_picture(wide, (20, 20, 1), invert).image for invert in (False, True))
    np.testing.assert_array_equal(inverted, 255 - plain)


def test_paper_becomes_black_and_ink_white(tmp_path, rng):
    photo = np.clip(225 + rng.normal(0, 4, (60, 60)), 0, 255)  # paper with a grain
    photo[20:40, 28:32] = 40
    picture = data.read_picture(saved(tmp_path / "photo.png", photo.astype("uint8")), (60, 60, 1), invert=True)
    ink = np.zeros((60, 60), bool)
    ink[20:40, 28:32] = True
    assert (picture.image[ink] == 255).all()
    assert (picture.image[~ink] == 0).all()
    assert picture.changes.endswith("paper made black and ink white")


def test_blank_paper_is_not_stretched(tmp_path):
    photo = np.full((8, 8), 225, "uint8")
    photo[0, 0] = 200
    picture = data.read_picture(saved(tmp_path / "blank.png", photo), (8, 8, 1), invert=True)
    np.testing.assert_array_equal(picture.image[..., 0], 255 - photo)


def test_clear_pixels_become_white(tmp_path):
    array = np.zeros((4, 4, 4), "uint8")
    array[:2, :, 3] = 255
    picture = data.read_picture(saved(tmp_path / "clear.png", array), (4, 4, 1))
    np.testing.assert_array_equal(picture.image[..., 0], np.repeat([[0], [0], [255], [255]], 4, axis=1))
    assert "laid on white" in picture.changes


def test_sixteen_bits_become_eight(tmp_path):
    array = np.array([[0, 257 * 100], [257 * 200, 65535]], "uint16")
    picture = data.read_picture(saved(tmp_path / "deep.png", array), (2, 2, 1))
    np.testing.assert_array_equal(picture.image[..., 0], [[0, 100], [200, 255]])


def test_a_photo_is_turned_as_its_camera_says(tmp_path):
    array = np.zeros((16, 32), "uint8")
    array[:, :16] = 255  # light on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right
    picture = data.read_picture(saved(tmp_path / "turned.jpg", array, exif=exif), (32, 16, 1))
    assert picture.image[:14].mean() > 250  # light on top
    assert picture.image[18:].mean() < 5


def test_a_large_photo_is_scaled_like_a_small_one(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 1600).astype("uint8"), (1600, 1))
    picture = data.read_picture(saved(tmp_path / "large.jpg", ramp, quality=95), (16, 16, 1))
    np.testing.assert_allclose(picture.image[8, :, 0], np.linspace(8, 247, 16), atol=4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "is no file"),
        (lambda path: path.mkdir(), "is a folder: .* with --data"),
        (lambda path: path.write_bytes(b"no picture at all"), "no image that can be read"),
        (lambda path: path.write_bytes(b""), "no image that can be read"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, make, message):
    path = tmp_path / "x.png"
    make(path)
    with pytest.raises((ValueError, OSError), match=message) as caught:
        data.read_picture(path, (8, 8, 1))
    assert "x.png" in str(caught.value)


def test_a_damaged_file_is_named(tmp_path, rng):
    whole = saved(tmp_path / "whole.png", rng.integers(0, 256, (64, 64, 3), dtype="uint8")).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"half.png is damaged .* leave it out"):
        data.read_picture(tmp_path / "half.png", (8, 8, 1))


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(ValueError, match=r"20000x20000 pixels: at most|DecompressionBomb|decompression bomb"):
        data.read_picture(tmp_path / "bomb.png", (8, 8, 1))


def test_a_shape_that_no_file_has_is_refused(wide):
    with pytest.raises(ValueError, match="1 channel or 3"):
        data.read_picture(wide, (8, 8, 2))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.arange(64, dtype="int32"), "more than 16 bits"),
        (257 * np.arange(64, dtype="int32"), "more than 16 bits"),
        (np.linspace(0, 1, 64, dtype="float32"), "floats"),
        (np.linspace(0, 255, 64, dtype="float32"), "floats"),
        (np.full(64, np.nan, "float32"), "floats"),
    ],
)
def test_pixels_of_which_nothing_says_what_is_white_are_refused(tmp_path, array, words):
    path = saved(tmp_path / "a.tif", array.reshape(8, 8))
    with pytest.raises(ValueError, match=rf"a.tif stores its pixels as .*{words}.*8 or 16 bits"):
        data.read_picture(path, (8, 8, 1))


def test_lab_colours_are_refused(tmp_path):
    Image.merge("LAB", [Image.new("L", (8, 8), 128)] * 3).save(tmp_path / "lab.tif")
    with pytest.raises(ValueError, match=r"lab.tif stores its pixels as L\*a\*b\* .*RGB"):
        data.read_picture(tmp_path / "lab.tif", (8, 8, 3))


def tiff(values, bits, zero_is_white=False):
    """A gray TIFF of one strip, as microscopes and scanners write them."""
    height, width = values.shape
    content = values.astype("<u2").tobytes()
    if bits == 12:
        pairs = values.reshape(-1, 2).tolist()
        content = b"".join(bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in pairs)
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 0 if zero_is_white else 1, 277: 1, 278: height}
    tags |= {273: 8 + 2 + 12 * 9 + 4, 279: len(content)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + content


def test_twelve_bits_become_eight(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(np.array([[0, 1024], [2048, 4095]]), 12))
    image = data.read_picture(tmp_path / "a.tif", (2, 2, 1)).image
    np.testing.assert_array_equal(image[..., 0], [[0, 64], [128, 255]])


def test_a_zero_that_means_white_becomes_white(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(np.array([[0, 257], [514, 65535]]), 16, zero_is_white=True))
    image = data.read_picture(tmp_path / "a.tif", (2, 2, 1)).image
    np.testing.assert_array_equal(image[..., 0], [[255, 254], [253, 0]])


def test_the_clear_value_of_sixteen_bits_alone_becomes_white(tmp_path):
    array = np.array([[0, 300], [301, 65535]], "uint16")
    picture = data.read_picture(saved(tmp_path / "a.png", array, transparency=300), (2, 2, 1))
    np.testing.assert_array_equal(picture.image[..., 0], [[0, 255], [1, 255]])


def test_a_program_in_postscript_is_not_run(tmp_path, monkeypatch):
    interpreter = tmp_path / "gs"
    interpreter.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho 10.0\n")
    interpreter.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    (tmp_path / "innocent.png").write_text(program)
    with pytest.raises(ValueError, match=r"innocent.png is no image that can be read"):
        data.read_picture(tmp_path / "innocent.png", (8, 8, 1))
    assert not (tmp_path / "ran").exists()


def test_text_that_unpacks_to_a_hundred_times_its_size_is_refused(tmp_path):
    good = saved(tmp_path / "good.png", np.zeros((8, 8), "uint8")).read_bytes()
    body = b"zTXtk\0\0" + zlib.compress(bytes(2_000_000))
    text = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "text.png").write_bytes(good[:33] + text + good[33:])
    with pytest.raises(ValueError, match=r"text.png is damaged .*too large"):
        data.read_picture(tmp_path / "text.png", (8, 8, 1))


def test_a_file_of_too_many_bytes_is_not_read(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", np.zeros((8, 8), "uint8"))
    monkeypatch.setattr(image_files, "_MAX_BYTES", 10)
    with pytest.raises(ValueError, match=r"a.png has \d+ bytes: at most 10 are read"):
        data.read_picture(path, (8, 8, 1))


def _scene(height, width):
    """Smooth in colour, clear at the bottom."""
    down, across = np.mgrid[:height, :width]
    colours = [
        255 * down / height,
        255 * across / width,
        128 + 127 * np.sin(across / width * 6),
        255 * (down < 0.8 * height),
    ]
    return np.stack(colours, -1).round().astype("uint8")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("turned", [1, 6])
def test_averaging_in_bands_changes_nothing_that_could_be_seen(tmp_path, monkeypatch, channels, turned):
    exif = Image.Exif()
    exif[0x0112] = turned
    path = saved(tmp_path / "scene.png", _scene(403, 301), exif=exif)
    whole = data.read_picture(path, (20, 16, channels))
    monkeypatch.setattr(image_files, "_LARGE", 1000)
    monkeypatch.setattr(image_files, "_BAND", 301 * 40)
    banded = data.read_picture(path, (20, 16, channels))
    assert banded.changes == whole.changes
    off = np.abs(banded.image.astype("int16") - whole.image)
    assert off.mean() < 1
    assert off.max() < 20  # at the edge of what is clear


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, (8, 8, 1)), "path=None: must be the path of an image file"),
        ((5, (8, 8, 1)), "path=5"),
        (("a.png", None), "shape=None: must be the shape of one example"),
        (("a.png", "abc"), "shape='abc'"),
        (("a.png", (8, 8, 1), "no"), "invert='no': must be True or False"),
    ],
)
def test_bad_arguments(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "a.png", np.zeros((8, 8), "uint8"))
    with pytest.raises(ValueError, match=message):
        data.read_picture(*arguments)
