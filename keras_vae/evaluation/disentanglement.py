"""Whether each latent is of one factor of the data: four published measures, for codes of data whose factors are known."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae import _checks
from keras_vae._batches import in_batches
from keras_vae.data import Shapes
from keras_vae.evaluation import inputs
from keras_vae.evaluation.metrics import Metric
from keras_vae.models import Reconstructs

_ALIVE = 0.05
_TREES, _DEPTH = 30, 12
# Of a factor with fewer examples of each value its values are not counted but put into bins, where it has more of them than bins.
_EXAMPLES_OF_A_VALUE = 10
_BINS = 20

METRICS = (
    Metric("mig", "mutual information gap (MIG)", precision=3, better="higher", label="MIG", headline=True),
    Metric("sap", "separated attribute predictability (SAP)", precision=3, better="higher"),
    Metric("dci_disentanglement", "disentanglement (DCI)", precision=3, better="higher"),
    Metric("dci_completeness", "completeness (DCI)", precision=3, better="higher"),
    Metric("dci_informativeness", "informativeness (DCI)", precision=3, better="higher"),
    Metric("factor_vae_score", "FactorVAE score", precision=3, better="higher"),
)


def mutual_information_gap(codes: Any, factors: Any, bins: int = 20) -> float:
    """MIG: how much more the best latent says about a factor than the second best, in shares of the factor's entropy.

    Mean over factors k of (I(z_first; v_k) - I(z_second; v_k)) / H(v_k), with each latent in `bins` bins of equal width: Chen et
    al. (2018), equation 6, as Locatello et al. (2019) estimate it. From 0 to 1.

    A continuous factor is put into bins of equal width as the latents are, since every value of it is another: a factor with more
    values than bins that are not whole numbers, or of which there are fewer than 10 examples per value.

    Args:
        codes: `(N, Z)`, such as means of posteriors.
        factors: `(N, K)`: numbers of values, int, or real numbers.
        bins: number of bins.

    Raises:
        ValueError: if the shapes do not fit, there are fewer than two latents, a factor does not vary, no latent does, or a number
            is not finite.
    """
    with _checks.extra("eval", "Measuring disentanglement"):
        from sklearn.metrics import mutual_info_score

    bins = _checks.positive_int("bins", bins, minimum=2)
    codes, factors = _checked(codes, factors)
    binned = [_binned(column, bins) for column in codes.T]
    gaps = []
    for column in _classes(factors, bins).T:
        second, first = np.sort([mutual_info_score(column, b) for b in binned])[-2:]
        gaps.append((first - second) / mutual_info_score(column, column))
    return float(np.mean(gaps))


def separated_attribute_predictability(codes: Any, factors: Any, categorical: Sequence[int] = ()) -> float:
    """SAP: how much better the best single latent predicts a factor than the second best: Kumar et al. (2018), section 3.

    A factor with an order, continuous or not, is predicted by a straight line, scored by R^2; a categorical one by thresholds on
    the latent, as many as it has values less one, scored by the balanced accuracy on the half of the examples that did not choose
    them. From 0 to 1.

    Args:
        codes, factors: as in `mutual_information_gap`.
        categorical: columns of the factors without an order, such as shapes.

    Raises:
        ValueError: as `mutual_information_gap`, or if a categorical factor is continuous or there is no such column.
    """
    with _checks.extra("eval", "Measuring disentanglement"):
        from sklearn.metrics import balanced_accuracy_score
        from sklearn.tree import DecisionTreeClassifier

    codes, factors = _checked(codes, factors)
    for column in categorical:
        _checks.positive_int("categorical", column, minimum=0, maximum=factors.shape[1] - 1)
        if _is_continuous(factors[:, column], _BINS):
            raise ValueError(
                f"Factor {column} is categorical, and has {len(np.unique(factors[:, column]))} values among {len(codes)} examples: "
                "leave it out of `categorical` if its values have an order, or give more examples."
            )
    half = len(codes) // 2
    deviation = codes.std(axis=0)
    alive = deviation > _ALIVE * deviation.max()

    def score(latent: int, factor: int) -> float:
        if not alive[latent]:
            return 0.0
        z, v = codes[:, latent], factors[:, factor]
        if factor not in categorical:
            return float(np.corrcoef(z, v)[0, 1] ** 2)
        v = np.unique(v, return_inverse=True)[1]
        tree = DecisionTreeClassifier(max_leaf_nodes=len(np.unique(v)), class_weight="balanced", random_state=0)
        tree.fit(z[:half, None], v[:half])
        return float(balanced_accuracy_score(v[half:], tree.predict(z[half:, None])))

    gaps = []
    for factor in range(factors.shape[1]):
        second, first = np.sort([score(latent, factor) for latent in range(codes.shape[1])])[-2:]
        gaps.append(first - second)
    return float(np.mean(gaps))


def dci(codes: Any, factors: Any, seed: int = 0) -> dict[str, float]:
    """Disentanglement, completeness and informativeness: Eastwood & Williams (2018), section 2.

    A random forest predicts each factor from all latents; R_ij is the importance of latent i for factor j. Disentanglement is 1
    less the entropy of row i (over the factors, base K), averaged with the weight of each row; completeness the same for the
    columns (base Z), each of the same weight. Informativeness is the forests' accuracy on the half of the examples that they were
    not fitted to. All from 0 to 1. Continuous factors are put into 20 bins as in `mutual_information_gap`.

    Args:
        codes, factors: as in `mutual_information_gap`.
        seed: of the forests.

    Returns:
        `dci_disentanglement`, `dci_completeness`, `dci_informativeness`.

    Raises:
        ValueError: as `mutual_information_gap`.
    """
    with _checks.extra("eval", "Measuring disentanglement"):
        from sklearn.ensemble import RandomForestClassifier

    codes, factors = _checked(codes, factors)
    half = len(codes) // 2
    importance, accuracy = [], []
    for column in _classes(factors, _BINS).T:
        # All latents at every split: with a choice of some, what is of no use would be used where nothing else is offered.
        forest = RandomForestClassifier(_TREES, max_depth=_DEPTH, max_features=None, random_state=seed)
        forest.fit(codes[:half], column[:half])
        importance.append(forest.feature_importances_)
        accuracy.append(forest.score(codes[half:], column[half:]))
    table = np.stack(importance, axis=1)  # (Z, K)
    rows = table.sum(axis=1)
    return {
        "dci_disentanglement": float(np.average(1.0 - _entropy(table), weights=rows)),
        "dci_completeness": float(np.mean(1.0 - _entropy(table.T))),
        "dci_informativeness": float(np.mean(accuracy)),
    }


def factor_vae_score(
    encode: Callable[[np.ndarray], Any],
    shapes: Shapes,
    votes: int = 800,
    examples: int = 64,
    least_std: float = _ALIVE,
    seed: int = 0,
) -> float:
    """The FactorVAE metric: Kim & Mnih (2018), section 4.

    Of examples that share the value of one factor, the latent that varies least, in units of its deviation over all data, votes for
    that factor. The score is the accuracy of the majority vote, on votes that were not counted for it. From 1 / (number of factors)
    or so to 1.

    Args:
        encode: gives codes `(N, Z)` of uint8 images `(N, H, W, C)`.
        shapes: draws the data.
        votes: votes to learn the majority from, and as many to score it.
        examples: examples a vote.
        least_std: latents whose deviation over all data is less, in units of the largest, take no part.
        seed: of the factors drawn.

    Raises:
        ValueError: if a number is out of its range, only one factor varies, or the codes are not finite numbers that vary.
    """
    votes = _checks.positive_int("votes", votes)
    examples = _checks.positive_int("examples", examples, minimum=2)
    if len(shapes.names) < 2:
        raise ValueError(f"Only the factor {shapes.names[0]!r} varies: a vote needs two factors to choose from.")
    random = np.random.default_rng(seed)
    drawn = shapes.images(shapes.factors(10_000, seed=int(random.integers(2**31))))
    spread = inputs.codes("codes", encode(drawn)).std(axis=0)
    if not spread.max() > 0.0:
        raise ValueError("The codes of all images are the same: no latent can vote for a factor.")
    alive = np.flatnonzero(spread > least_std * spread.max())
    counts = np.zeros((2, len(alive), len(shapes.names)), int)
    for count in counts:
        for _ in range(votes):
            factor = int(random.integers(len(shapes.names)))
            drawn = shapes.factors(examples, seed=int(random.integers(2**31)), fixed=shapes.names[factor])
            variance = (np.asarray(encode(shapes.images(drawn)))[:, alive] / spread[alive]).var(axis=0)
            count[variance.argmin(), factor] += 1
    learned, scored = counts
    return float(scored[np.arange(len(alive)), learned.argmax(axis=1)].sum() / votes)


def disentanglement_report(
    encode: Reconstructs | Callable[[np.ndarray], Any],
    shapes: Shapes | None = None,
    num_examples: int = 10_000,
    seed: int = 0,
) -> dict[str, float]:
    """All measures, of codes of pictures of known factors.

    Args:
        encode: gives codes `(N, Z)` of uint8 images `(N, 64, 64, 1)`; of a model in its place, the means of the posteriors.
        shapes: draws the pictures; by default with all factors.
        num_examples: pictures for all measures but the FactorVAE score, which draws its own.
        seed: of the pictures and the forests.

    Returns:
        `mig`, `sap`, `dci_disentanglement`, `dci_completeness`, `dci_informativeness`, `factor_vae_score`.
    """
    shapes = Shapes() if shapes is None else shapes
    encode = _codes_of(encode) if isinstance(encode, Reconstructs) else encode
    drawn = shapes.factors(num_examples, seed=seed)
    codes = np.asarray(encode(shapes.images(drawn)))
    varying = [list(shapes.values).index(name) for name in shapes.names]
    factors = drawn[:, varying]
    return {
        "mig": mutual_information_gap(codes, factors),
        "sap": separated_attribute_predictability(codes, factors, [i for i, k in enumerate(varying) if k == 0]),
        **dci(codes, factors, seed),
        "factor_vae_score": factor_vae_score(encode, shapes, seed=seed),
    }


def _codes_of(model: Reconstructs) -> Callable[[np.ndarray], np.ndarray]:
    """The codes of uint8 images, of a VAE the means of the posteriors."""

    def encode(images: np.ndarray) -> np.ndarray:
        return in_batches(lambda x: model.code((x / 255.0).astype("float32")), images)

    return encode


def _checked(codes: Any, factors: Any) -> tuple[np.ndarray, np.ndarray]:
    codes, factors = np.asarray(codes), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or len(codes) < 2:
        raise ValueError(
            f"There are codes of shape {codes.shape} and factors of shape {factors.shape}: give (N, Z) and (N, K), of the same N "
            "examples."
        )
    if codes.shape[1] < 2:
        raise ValueError("There is one latent, so none is the second best: a gap needs two.")
    for name, values in (("codes", codes), ("factors", factors)):
        if values.dtype.kind not in "fiub":
            raise ValueError(f"The {name} have dtype {values.dtype}: must be real numbers.")
        if not np.isfinite(values).all():
            raise ValueError(f"Of the {name}, one is infinite or NaN: remove such examples first.")
    for number, column in enumerate(factors.T):
        if len(np.unique(column)) < 2:
            raise ValueError(f"Factor {number} has the same value in all examples: leave it out.")
    if (codes == codes[0]).all():
        raise ValueError(
            "The codes of all examples are the same, so no latent knows a factor: the posterior may have collapsed."
        )
    return codes.astype("float64"), factors.astype("float64")


def _binned(column: np.ndarray, bins: int) -> np.ndarray:
    """The number of each value's bin, of bins of equal width."""
    return np.digitize(column, np.histogram_bin_edges(column, bins)[1:-1])


def _is_continuous(column: np.ndarray, bins: int) -> bool:
    """Whether the values of a factor say nothing as they are, since hardly two examples share one."""
    values = np.unique(column)
    whole = (values == np.round(values)).all()
    return len(values) > bins and not (whole and len(column) >= _EXAMPLES_OF_A_VALUE * len(values))


def _classes(factors: np.ndarray, bins: int) -> np.ndarray:
    """The factors as whole numbers: of a continuous one its bins, of another its values."""
    columns = [
        _binned(column, bins) if _is_continuous(column, bins) else np.unique(column, return_inverse=True)[1]
        for column in factors.T
    ]
    return np.stack(columns, axis=1)


def _entropy(table: np.ndarray) -> np.ndarray:
    """Entropy of each row as a share of the largest possible; 1 for rows of zeros, which say nothing of any column."""
    total = table.sum(axis=1, keepdims=True)
    share = np.divide(table, total, out=np.full_like(table, 1.0 / table.shape[1]), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return -(share * logs).sum(axis=1) / np.log(table.shape[1])
