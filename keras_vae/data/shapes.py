"""Pictures drawn from known factors: what a disentangled code should find again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_vae import _checks

SIZE = 64
KINDS = ("square", "ellipse", "triangle")

_DRAWN_AT_ONCE = 500
_TOP, _BRIGHTEST_GROUND = 255.0, 0.3
_HALF_SIZES = (7.0, 10.0)
_ACROSS, _DOWN = (23.0, 40.0), (27.5, 35.5)
_MIDDLE = (SIZE - 1) / 2
_MOST_VALUES = 64


class Shapes:
    """One white shape on a darker ground, 64 x 64 pixels, drawn from six independent factors.

    | factor | values | what they are |
    |---|---|---|
    | `shape` | 3 | square, ellipse, triangle |
    | `brightness` | 5 | of the ground, evenly from 0 to 0.3, where the shape's is 1 |
    | `scale` | 6 | half the side of the square, evenly from 7 to 10 pixels; the others have about its area |
    | `rotation` | 15 | evenly from 0 up to 90 degrees, 90 left out |
    | `x` | 16 | evenly, the middle from pixel 23 to pixel 40 |
    | `y` | 16 | evenly, the middle from pixel 27.5 to pixel 35.5 |

    Within 90 degrees no shape looks the same twice, so every combination of values, 345,600 in all, is a picture of its own and
    each factor can be read off it. (dSprites turns its shapes all the way round, where a square looks the same at four angles.)
    No two factors weigh the same, as any mixture of two latents would be as good then: a shape goes twice as far across as down.
    No factor is a path that bends: the way across is about as long as the shape, and what is dim or bright is the ground, as
    pictures of a shape of any brightness would lie on a cone.

    The pictures are drawn when asked for; edges are smooth over one pixel.

    >>> shapes = Shapes()
    >>> factors = shapes.factors(1000, seed=0)
    >>> images = shapes.images(factors)

    Args:
        values: numbers of values of some factors, by name. Factors with one value leave a large, upright square in the middle of a
            black ground.

    Raises:
        ValueError: if a factor is unknown, has no value or too many, or none of them varies.
    """

    DEFAULTS: Mapping[str, int] = {"shape": 3, "brightness": 5, "scale": 6, "rotation": 15, "x": 16, "y": 16}

    def __init__(self, values: Mapping[str, int] | None = None):
        _checks.known_keys("values", values or {}, list(self.DEFAULTS))
        self.values = {
            name: _checks.positive_int(
                f"values[{name!r}]", count, maximum=len(KINDS) if name == "shape" else _MOST_VALUES
            )
            for name, count in {**self.DEFAULTS, **(values or {})}.items()
        }
        if not self.names:
            raise ValueError(f"values={dict(values or {})}: every factor has one value, so all pictures are the same.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors that vary."""
        return tuple(name for name, count in self.values.items() if count > 1)

    def factors(self, n: int, seed: int = 0, fixed: str | None = None) -> np.ndarray:
        """Draw the numbers of values, each factor uniform and independent of the others.

        Args:
            n: how many.
            seed: the same seed draws the same ones.
            fixed: a factor that all of them share the value of.

        Returns:
            Int64 `(n, 6)`, a column for each factor in the order of the table above.

        Raises:
            ValueError: if `fixed` names no factor that varies.
        """
        n = _checks.positive_int("n", n, maximum=10**7)
        random = np.random.default_rng(_checks.positive_int("seed", seed, maximum=2**63 - 1, minimum=0))
        drawn = np.stack([random.integers(count, size=n) for count in self.values.values()], axis=1)
        if fixed is not None:
            column = list(self.values).index(_checks.one_of("fixed", fixed, self.names))
            drawn[:, column] = drawn[0, column]
        return drawn

    def images(self, factors: Any) -> np.ndarray:
        """Draw the pictures.

        Args:
            factors: numbers of values, int `(N, 6)`.

        Returns:
            uint8 `(N, 64, 64, 1)`.

        Raises:
            ValueError: if they are of another shape or type, or a number is not that of a value.
        """
        factors = np.asarray(factors)
        if factors.ndim != 2 or factors.shape[1] != len(self.values) or factors.dtype.kind not in "iu":
            raise ValueError(
                f"factors have shape {factors.shape} and type {factors.dtype}: give whole numbers (N, {len(self.values)}), "
                f"a column each for {', '.join(self.values)}."
            )
        for (name, count), column in zip(self.values.items(), factors.T, strict=True):
            if len(column) and not 0 <= column.min() <= column.max() < count:
                raise ValueError(
                    f"The factor {name!r} has values numbered from {column.min()} to {column.max()}: there are {count}, "
                    f"numbered from 0 to {count - 1}."
                )
        parts = [_drawn(factors[i : i + _DRAWN_AT_ONCE], self.values) for i in range(0, len(factors), _DRAWN_AT_ONCE)]
        return np.concatenate([np.zeros((0, SIZE, SIZE, 1), "uint8"), *parts])


def split(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of the default factors, and their factors: 40,000 to train on, 5,000 drawn anew to test with."""
    shapes = Shapes()
    drawn = shapes.factors(40_000, seed=0) if name == "train" else shapes.factors(5_000, seed=1)
    return shapes.images(drawn), drawn


def _drawn(factors: np.ndarray, values: Mapping[str, int]) -> np.ndarray:
    def between(name: str, first: float, last: float, alone: float, *, closed: bool = True) -> np.ndarray:
        steps = values[name] - 1 if closed else values[name]
        column = factors[:, list(values).index(name)]
        found = first + (last - first) * column / steps if values[name] > 1 else np.full(len(factors), alone)
        return found.astype("float32")[:, None, None]

    kind = factors[:, list(values).index("shape")]
    ground = between("brightness", 0.0, _BRIGHTEST_GROUND, alone=0.0)
    half = between("scale", *_HALF_SIZES, alone=_HALF_SIZES[1])
    angle = between("rotation", 0.0, np.pi / 2, alone=0.0, closed=False)
    across = np.arange(SIZE, dtype="float32")[None, None, :] - between("x", *_ACROSS, alone=_MIDDLE)
    down = np.arange(SIZE, dtype="float32")[None, :, None] - between("y", *_DOWN, alone=_MIDDLE)
    # Where each pixel lies on the shape as it is before it is turned and moved.
    u = np.cos(angle) * across + np.sin(angle) * down
    v = np.cos(angle) * down - np.sin(angle) * across
    distance = np.empty_like(u)
    for number, outside in enumerate((_outside_square, _outside_ellipse, _outside_triangle)):
        chosen = kind == number
        distance[chosen] = outside(u[chosen], v[chosen], half[chosen])
    shown = np.clip(0.5 - distance, 0.0, 1.0)
    return np.round(_TOP * (ground + (1.0 - ground) * shown)).astype("uint8")[..., None]


# How many pixels a point (u, v) lies outside a shape; negative inside.


def _outside_square(u: np.ndarray, v: np.ndarray, half: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) - half


def _outside_ellipse(u: np.ndarray, v: np.ndarray, half: np.ndarray) -> np.ndarray:
    a, b = 1.5 * half, 0.85 * half
    level = np.sqrt((u / a) ** 2 + (v / b) ** 2)
    slope = np.sqrt((u / a**2) ** 2 + (v / b**2) ** 2)
    # To first order, and exact at the edge, where it counts.
    return level * (level - 1.0) / np.maximum(slope, 1e-6)


def _outside_triangle(u: np.ndarray, v: np.ndarray, half: np.ndarray) -> np.ndarray:
    inner = 0.88 * half  # radius of the circle that touches its three sides
    sides = [u * np.cos(turn) + v * np.sin(turn) for turn in (np.pi / 2, np.pi * 7 / 6, np.pi * 11 / 6)]
    return np.maximum.reduce(sides) - inner
