"""The card's table of symbols says what the model is."""

import os

import numpy as np
import pytest

import keras_vae
from keras_vae import data, distributions, models, objectives, zoo
from keras_vae.distributions.base import DistributionLayer, Likelihood, Posterior, Prior
from keras_vae.models import symbols
from tests.contract.cases import AUTOENCODERS, CASES, QUANTIZED

EVERY = {**CASES, **AUTOENCODERS, **QUANTIZED}


def _subclasses(module, base):
    found = (getattr(module, name) for name in module.__all__)
    return [cls for cls in found if isinstance(cls, type) and issubclass(cls, base) and cls is not base]


@pytest.mark.parametrize("base", [Prior, Posterior, Likelihood])
def test_every_distribution_has_a_formula(base):
    found = _subclasses(distributions, base)
    assert found
    assert not [cls for cls in found if cls.formula is DistributionLayer.formula]


@pytest.mark.parametrize("case", sorted(EVERY))
def test_every_model_has_its_symbols_and_the_code_is_there(case):
    model = EVERY[case]()
    rows = symbols.generative_process(model)
    assert len({row.name for row in rows}) == len(rows) >= 1
    for row in rows:
        assert row.meaning
        for call in row.code.split(", "):
            if call.startswith("model."):
                assert hasattr(model, call.removeprefix("model.").split("(")[0]), call
    assert any("labels" in row.code or "domain" in row.code for row in rows) or not model.conditional


def _loss(case, objective=None):
    (loss,) = (row.meaning for row in symbols.generative_process(EVERY[case](), objective) if row.name == "the loss")
    return loss


@pytest.mark.parametrize(
    ("case", "objective", "loss"),
    [
        ("vae", objectives.ELBO(), "-E_q[log p(x | z)] + KL"),
        (
            "vae",
            objectives.ELBO(beta=8.0, free_bits=0.5),
            "-E_q[log p(x | z)] + 8 KL, of each latent at least 0.5 nats",
        ),
        (
            "conditional_dense",
            objectives.ELBO(beta=objectives.Linear(10)),
            "-E_q[log p(x | z, c)] + β (rising from 0 to 1) KL",
        ),
        (
            "conditional_dense",
            objectives.IWAE(7, "standard"),
            "-log 1/7 Σₖ p(x, zₖ | c) / q(zₖ | x, c), zₖ ~ q, by the standard gradient",
        ),
        (
            "vae",
            objectives.BetaTCVAE(100, beta=10.0),
            "-ELBO + 9 TC, TC = KL(q(z), Π q(z_d)), estimated by stratified sampling from the batch",
        ),
        (
            "vae",
            objectives.BetaTCVAE(100, beta=0.5),
            "-ELBO - 0.5 TC, TC = KL(q(z), Π q(z_d)), estimated by stratified sampling from the batch",
        ),
        ("vae", objectives.FactorVAE(35.0), "-ELBO + 35 TC, TC = KL(q(z), Π q(z_d)) as a discriminator sees it"),
        (
            "vae",
            objectives.AnnealedCapacity(objectives.Constant(7.0)),
            "-E_q[log p(x | z)] + 100 |KL - C|, C = 7 nats",
        ),
        ("vae", objectives.AnnealedCapacity(), "-E_q[log p(x | z)] + 100 |KL - C|, C up to 25 nats"),
        (
            "semi_supervised",
            objectives.SemiSupervisedELBO(20.0, corruption="gaussian_noise"),
            "-ELBO, and where y is known - 20 log q(y | x̃) beside it, x̃ being x with gaussian noise (stddev 0.25)",
        ),
        (
            "semi_supervised",
            objectives.SemiSupervisedELBO(20.0, beta=2.5),
            "-ELBO + 1.5 KL(q(z | x, y), p(z)), and where y is known - 20 log q(y | x) beside it",
        ),
        (
            "semi_supervised",
            objectives.SemiSupervisedELBO(beta=objectives.Linear(10, end=2.0)),
            "-ELBO + (β - 1) KL(q(z | x, y), p(z)), β rising from 0 to 2, and where y is known - 50 log q(y | x) beside it",
        ),
        (
            "dec",
            objectives.EmbeddedClustering(3.0),
            "-log p(x | h) + 3 KL(p, q(c | h)), p the sharpened q of the batch",
        ),
        (
            "k_sparse",
            objectives.KSparse(start=9),
            "-log p(x | h), the k largest of h kept, k falling from 9",
        ),
        (
            "stacked",
            objectives.LayerWise(corruption="dropped_pixels"),
            "each layer in turn: -log p(h_l | h_l₊₁), h₀ = x, h_l₊₁ of a corrupted h_l, then all as one",
        ),
    ],
)
def test_the_loss_is_that_of_the_recipe(case, objective, loss):
    assert _loss(case, objective) == loss


def test_the_loss_of_noisy_codes():
    for weight, contrast, between in (
        (0.0, 1.0, ""),
        (1.0, 1.0, " - log p(x | h' + ε), h' the code of x as drawn in the next domain,"),
        (0.5, 4.0, " - 0.5 log p(x | h' + ε), h' the code of x as drawn in the next domain, its odds to the power 4,"),
    ):
        objective = objectives.NoisyCode(2.0, objectives.DomainAlignment(7.0), weight, contrast)
        noisy = f"-log p(x | h + ε) + 2 |h|² / 2{between} + domain alignment (weight 7.0), ε ~ N(0, I)"
        assert _loss("swap", objective) == noisy


def test_every_objective_has_a_formula():
    found = _subclasses(objectives, objectives.Objective)
    assert len(found) > 10
    assert not [cls for cls in found if cls.formula is objectives.Objective.formula]


@pytest.mark.parametrize(
    ("make", "formula"),
    [
        (
            lambda: distributions.DiscretizedLogistic((4,), levels=16),
            "Π logistic(xᵢ; μᵢ, sᵢ), integrated around each of 16 values, [μ, s] = decoder(z)",
        ),
        (lambda: distributions.Gaussian((4,)), "N(x; μ, I), μ = decoder(z)"),
        (lambda: distributions.Gaussian((4,), scale=0.1, bounded=True), "N(x; μ, 0.1² I), μ = sigmoid(decoder(z))"),
        (lambda: distributions.Gaussian((4,), scale="learned"), "N(x; μ, s² I), μ = decoder(z), s learned"),
        (lambda: distributions.Gaussian((4,), scale="per_element"), "N(x; μ, diag(s²)), [μ, s] = decoder(z)"),
        (
            lambda: distributions.Gaussian((4,), scale="per_element", bounded=True),
            "N(x; μ, diag(s²)), μ = sigmoid(a), [a, s] = decoder(z)",
        ),
        (
            lambda: distributions.SpatialPrior(6, map_shape=(2, 2, 1)),
            "N(v; 0, I) N(m; μ(v), diag(s(v)²)), z = [v, m], μ and s learned, m a map of (2, 2, 1)",
        ),
    ],
)
def test_a_formula_follows_the_settings(make, formula):
    assert make().formula() == formula


@pytest.mark.parametrize("levels", [2, 16, 256])
def test_a_discretised_logistic_has_as_many_values_as_its_formula_says(levels):
    likelihood = distributions.DiscretizedLogistic((1,), levels=levels)
    said = int(likelihood.formula().split("each of ")[1].split(" values")[0])
    values = np.linspace(0.0, 1.0, said, dtype="float32")[:, None]
    log_probs = likelihood(np.zeros((1, 2), "float32")).log_prob(values).numpy()
    assert np.exp(log_probs).sum() == pytest.approx(1.0, abs=1e-4), "the values of the formula are all that there are"


def test_the_total_correlation_is_estimated_as_its_formula_says():
    assert "stratified" in objectives.BetaTCVAE(10).formula()
    posterior = distributions.DiagonalGaussian((3,))(np.random.default_rng(0).normal(size=(8, 6)).astype("float32"))
    z = posterior.sample(seed=1).numpy()
    each = posterior.distribution.log_prob(z[:, None]).numpy()  # z_i under example j
    # Of a batch that is the data set, the stratified estimate is exact; the minibatch-weighted one is off by a constant.
    joint = np.log(np.exp(each.sum(-1)).mean(1))
    exact = joint - np.log(np.exp(each).mean(1)).sum(-1)
    assert objectives.total_correlation(posterior, z, 8).numpy() == pytest.approx(exact, abs=1e-4)


class Own(Likelihood):
    def distribution(self, params):
        return distributions.Bernoulli(self.event_shape).distribution(params)


class OwnObjective(objectives.Objective):
    def __init__(self, weight=2.0):
        self.weight = weight

    def terms(self, model, x, condition, step, seed, training=False):
        raise NotImplementedError

    def get_config(self):
        return {"weight": self.weight}


def test_a_class_of_ones_own_without_a_formula_is_shown_as_it_is_written():
    model = models.VAE((8, 8, 1), 2, hidden_units=(4,), likelihood=Own((8, 8, 1)))
    rows = {row.name: row.meaning for row in symbols.generative_process(model, OwnObjective(3.0))}
    assert rows["p(x | z)"] == "Own(event_shape=(8, 8, 1))"
    assert rows["the loss"] == "OwnObjective(weight=3.0)"


def test_a_model_of_another_library_has_a_row():
    keras = pytest.importorskip("keras")
    (row,) = symbols.generative_process(keras.Sequential([keras.layers.Dense(2)]))
    assert "Sequential" in row.meaning


def test_a_schedule_is_said_in_words():
    assert (
        objectives.ELBO(objectives.Linear(5, 2.0, 1.0)).formula() == "-E_q[log p(x | z)] + β (falling from 2 to 1) KL"
    )
    assert "rising from 0 to 1 in each of 3 cycles" in objectives.ELBO(objectives.Cyclical(9, 3)).formula()

    class Halving(objectives.Schedule):
        def __call__(self, step):
            return 0.5**step

        def settings(self):
            return {}

    assert objectives.ELBO(Halving()).formula() == "-E_q[log p(x | z)] + β (Halving()) KL"


def test_a_completed_image_has_a_density_of_what_is_hidden():
    rows = {row.name: row.meaning for row in symbols.generative_process(SMALL["ImageConditionalVAE"]())}
    assert rows["p(x | z, c)"].endswith("decoder(z, c), of the hidden elements alone")


def test_what_is_corrupted_has_a_row():
    rows = symbols.generative_process(EVERY["dec"](), objectives.EmbeddedClustering(corruption="random_affine"))
    assert any(row.name == "x̃" and "random affine" in row.meaning for row in rows)


def test_a_label_that_may_be_unknown_is_generated_as_the_latents_are():
    names = [row.name for row in symbols.generative_process(EVERY["semi_supervised"]())]
    assert names[:3] == ["p(y)", "p(z)", "p(x | z, y)"]
    given = symbols.generative_process(EVERY["conditional_dense"]())
    assert [row.name for row in given][1:5] == ["p(z | c)", "p(x | z, c)", "q(z | x, c)", "log p(x | c)"]
    assert all("labels" in row.code for row in given if row.name.endswith(("z, c)", "x, c)", "x | c)")))


def test_the_top_of_a_hierarchy_is_named():
    (prior,) = (
        row.meaning
        for row in symbols.generative_process(models.HierarchicalVAE((8, 8, 1), (3, 2), prior="real_nvp"))
        if row.name == "p(z)"
    )
    assert prior.startswith("z₁ ~ g(ε), ε ~ N(0, I)")


_DIGITS, _SMALL = (28, 28, 1), {"name": "mlp", "hidden_units": (4,)}
SMALL = {
    "AttributeConditionalVAE": lambda: models.AttributeConditionalVAE(
        _DIGITS, {"ink": ["blue", "black"], "age": {"mean": 3.0, "std": 2.0}}, 2, network=_SMALL
    ),
    "Classifier": lambda: models.Classifier(_DIGITS, 10, filters=(2,)),
    "DEC": lambda: models.DEC(_DIGITS, 3, num_clusters=4, network=_SMALL),
    "ImageConditionalVAE": lambda: models.ImageConditionalVAE(_DIGITS, (28, 28, 2), 2, network=_SMALL, completes=True),
    "SemiSupervisedVAE": lambda: models.SemiSupervisedVAE(_DIGITS, 10, 2, network=_SMALL),
    "SwapAutoencoder": lambda: models.SwapAutoencoder(_DIGITS, 2, 2, network=_SMALL),
    "VaDE": lambda: models.VaDE(_DIGITS, 2, num_clusters=4, hidden_units=(4,)),
}


@pytest.mark.parametrize("name", sorted(zoo.EXAMPLES))
def test_the_examples_of_cards_run(name):
    given = {"model": SMALL[name](), "images": np.full((4, *_DIGITS), 0.5, "float32"), "keras_vae": keras_vae}
    before = set(given)
    exec(zoo.EXAMPLES[name], given)
    made = [given[key] for key in set(given) - before - {"__builtins__"}]
    assert made
    assert all(len(value) in (3, 4, 16) for value in made)


def test_data_sets_have_words_and_a_licence():
    for name in data.DATASETS:
        assert data.about(name), name
    assert "CC BY-SA" in data.about("mnist_quadrants")
    assert "outline" in data.about("digits_outlines")
    assert data.about("folder") == ""


def test_a_card_shows_the_recipe_and_where_its_first_stage_differs():
    text = (zoo.preset_folder("mnist_iwae") / "README.md").read_text(encoding="utf-8")
    recipe = zoo.Preset.read(zoo.preset_folder("mnist_iwae")).recipe
    first = recipe.first_stage()
    assert f"| objective | name iwae, num_samples {recipe.objective['num_samples']} |" in text
    assert f"| training | epochs {recipe.training.epochs}, batch_size {recipe.training.batch_size}," in text
    assert f"| pretraining: training | epochs {first.training.epochs}," in text
    assert f"learning_rate {first.optimizer.learning_rate}," in text
    assert "| pretraining: objective |" not in text, "the same in both stages"


def test_names_of_classes_are_those_of_the_data_set():
    tfds = pytest.importorskip("tensorflow_datasets")
    builder = tfds.builder("cifar10", data_dir=os.environ.get("TFDS_DATA_DIR"))
    if not builder.is_prepared():  # without its files TensorFlow Datasets calls the classes "0" to "9"
        pytest.skip("cifar10 is not prepared here: set TFDS_DATA_DIR")
    assert data.class_names("cifar10") == tuple(builder.info.features["label"].names)


@pytest.mark.parametrize("name", zoo.list_presets())
def test_words_of_a_shipped_preset_are_those_of_its_data(name):
    trained_on = zoo.Preset.read(zoo.preset_folder(name)).recipe.data.name
    assert zoo.class_names(name) == data.class_names(trained_on)


@pytest.mark.parametrize("name", zoo.list_presets())
def test_a_card_has_all_its_parts(name):
    folder = zoo.preset_folder(name)
    text = (folder / "README.md").read_text(encoding="utf-8")
    for part in ("For: ", "Not for: ", "## Figures", "## Where data come from", "## Data", "## Reproduce"):
        assert part in text, part
    if zoo.Preset.read(folder).model["class"] != "Classifier":
        assert f"]({zoo.SAMPLES})" in text


def test_the_card_of_a_recipe_without_weights_says_where_they_will_be():
    folder = zoo.preset_folder("celeb_a_beta_tc_vae")
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text == zoo.card(folder)
    assert 'load("runs/celeb_a_beta_tc_vae/preset")' in text
    assert "`keras-vae train celeb_a_beta_tc_vae --data FOLDER` repeats it" in text
