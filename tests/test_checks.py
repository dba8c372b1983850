"""What counts as a number, a list, a truth value and a path."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from keras_vae import _checks, _random


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3), tf.constant(3)])
def test_whole_numbers_of_any_library_are_taken(value):
    assert _checks.positive_int("n", value) == 3
    assert type(_checks.positive_int("n", value)) is int
    assert _checks.data_shape("shape", value) == (3,)


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.bool_(True),
        tf.constant(True),
        3.0,
        "3",
        [3],
        np.array([3]),
        tf.constant(3.5),
        10**30,
        None,
        float("nan"),
    ],
)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match=r"n=.*: must be a whole number from 1 to 16384"):
        _checks.positive_int("n", value)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.array(0.5), tf.constant(0.5)])
def test_numbers_of_any_library_are_taken(value):
    assert _checks.finite_float("beta", value) == 0.5


@pytest.mark.parametrize(
    "value",
    [True, np.bool_(True), "0.5", "nan", [0.5], np.array([0.5]), 1j, 1e39, 10**400, None, float("inf"), float("nan")],
)
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=r"beta=.*: must be a finite number"):
        _checks.finite_float("beta", value)


@pytest.mark.parametrize("value", ["no", "true", 0, 1, None, [], [False], np.array([True])])
def test_a_flag_is_true_or_false(value):
    with pytest.raises(ValueError, match="tied=.*: must be true or false"):
        _checks.flag("tied", value)
    assert _checks.flag("tied", np.bool_(True)) is True
    assert _checks.flag("tied", False) is False


@pytest.mark.parametrize("value", [[4, 2], (4, 2), np.array([4, 2]), range(4, 0, -2), tf.TensorShape([4, 2])])
def test_lists_of_any_kind_are_sizes(value):
    assert _checks.sizes("units", value) == (4, 2)


@pytest.mark.parametrize(
    "value",
    ["42", b"42", bytearray(b"42"), {4, 2}, {4: 2}, iter([4, 2]), 4, None, np.array(4), [4.0], [True], [[4]], np.ones((2, 2), int),
     tf.TensorShape(None)],
)  # fmt: skip
def test_what_has_no_order_or_no_whole_numbers_is_no_sizes(value):
    with pytest.raises(ValueError, match=r"units.*: must be"):
        _checks.sizes("units", value)


def test_there_are_at_most_so_many_sizes():
    with pytest.raises(ValueError, match=r"units=\[1, 1, .*\]: must name 0 to 32 layers"):
        _checks.sizes("units", [1] * 100)


def test_an_axis_of_data_may_be_long_and_all_together_are_bounded():
    assert _checks.data_shape("data_shape", 20_108) == (20_108,)
    with pytest.raises(ValueError, match="has 4198400 elements an example; at most 4194304"):
        _checks.data_shape("data_shape", (2050, 2048))
    with pytest.raises(ValueError, match=r"data_shape='abc': must be the shape of one example, such as \(28, 28, 1\)"):
        _checks.data_shape("data_shape", "abc")


class _Unprintable:
    def __repr__(self):
        raise RuntimeError


def test_a_message_is_short_whatever_the_value():
    for value in ("a" * 10**6, 10**5000, _Unprintable(), list(range(10**5)), {1: "b" * 10**6}):
        with pytest.raises(ValueError, match="kind=") as caught:
            _checks.one_of("kind", value, ("a", "b"))
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", [None, 3, b"a", ["a"]])
def test_a_path_is_a_text_or_a_path(value):
    with pytest.raises(ValueError, match="folder=.*: must be the path"):
        _checks.path("folder", value)
    assert _checks.path("folder", "a") == _checks.path("folder", pathlib.Path("a")) == pathlib.Path("a")


@pytest.mark.parametrize(
    "seed", [1.5, "a", True, (1, 2), np.array([0.5, 0.7]), tf.constant(1.5), np.array([True, False])]
)
def test_a_seed_is_a_whole_number_or_a_pair_of_them(seed):
    with pytest.raises(ValueError, match=r"seed=.*: must be a whole number, a pair"):
        _random.as_seed(seed)


def test_seeds_that_are_the_same_number_are_the_same_seed():
    seeds = [_random.as_seed(seed).numpy().tolist() for seed in (7, np.int64(7), tf.constant(7))]
    assert seeds[0] == seeds[1] == seeds[2] == [7, 0]
    assert _random.as_seed(np.array([3, 4])).numpy().tolist() == [3, 4]
