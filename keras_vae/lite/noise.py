"""The noise that the Keras models draw, in NumPy: the same seed gives the same latents, so the same digits.

TensorFlow's stateless generator is Philox 4x32 with ten rounds (Salmon et al., 2011), its key and counter scrambled from the
seed by one block of the same; the normal quantile is algorithm AS 241 (Wichura, 1988).
"""

import operator
from typing import Any

import numpy as np

_MASK = 0x7FFFFFFF
_LOW = np.uint64(0xFFFFFFFF)
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_SCRAMBLE_KEY = (0x3EC8F720, 0x02461E29)


def normal(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Standard normal float32 noise, equal to what a Keras model draws from the int `seed`, to rounding.

    Raises:
        ValueError: if the seed is no whole number.
    """
    return quantile(_uniform(int(np.prod(shape)), _whole(seed)).reshape(shape)).astype("float32")


def uniform(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Uniform float32 noise in (0, 1), equal to what a Keras model draws from the int `seed`.

    Raises:
        ValueError: if the seed is no whole number.
    """
    return _uniform(int(np.prod(shape)), _whole(seed)).reshape(shape).astype("float32")


def _whole(seed: Any) -> int:
    try:
        if isinstance(seed, bool | np.bool_):
            raise TypeError("a truth value")
        return operator.index(seed)  # of NumPy's whole numbers too, not of an array of several
    except (TypeError, AttributeError):  # the latter of a tensor of floats
        raise ValueError(f"seed={seed!r}: must be a whole number, or None for fresh noise.") from None


def _uniform(count: int, seed: int) -> np.ndarray:
    low, high = seed & _MASK, (seed >> 31) & _MASK
    mixed = _philox(np.array([[low], [0], [high], [0]], np.uint64), _SCRAMBLE_KEY)[:, 0]
    blocks = -(-count // 4)
    index = np.arange(blocks, dtype=np.uint64)
    counter = np.stack(
        [index & _LOW, index >> np.uint64(32), np.full_like(index, mixed[2]), np.full_like(index, mixed[3])]
    )
    bits = _philox(counter, (int(mixed[0]), int(mixed[1]))).T.reshape(-1)[:count]
    return ((bits >> np.uint64(9)).astype("float64") + 0.5) * 2.0**-23


def _philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Ten rounds on counters `(4, N)`, 32 bits in each uint64."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1),
            p0 & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3])


# Numerators and denominators of AS 241's three rational approximations, highest power first.
_CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
     1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077,
     687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_SHOULDER = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip
_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
)  # fmt: skip


def quantile(p: np.ndarray) -> np.ndarray:
    """Quantile of the standard normal distribution at `p` in (0, 1), to about 1e-15."""
    q = p - 0.5
    inner = 0.180625 - q * q
    r = np.sqrt(-np.log(np.minimum(p, 1.0 - p)))
    outer = np.where(r <= 5.0, _ratio(_SHOULDER, r - 1.6), _ratio(_TAIL, r - 5.0))
    return np.where(np.abs(q) <= 0.425, q * _ratio(_CENTRE, inner), np.copysign(outer, q))


def _ratio(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: np.ndarray) -> np.ndarray:
    return np.polyval(polynomials[0], x) / np.polyval(polynomials[1], x)
