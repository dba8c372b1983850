"""Every public callable, with a wrong value of each kind for each of its arguments: a clear error, or a success that is promised.

Clear is an error that the library raises itself, of the types it documents. A success is promised where the value is what the
argument's annotation says, and is no number that hardly anything can take. What the annotation leaves open is in `PROMISED`.
"""

import collections.abc
import functools
import inspect
import linecache
import math
import random
import traceback
import types
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest

import keras_vae
from keras_vae import (
    augment,
    data,
    distributions,
    evaluation,
    export,
    lite,
    models,
    networks,
    objectives,
    plots,
    training,
    zoo,
)
from keras_vae._backend import keras
from keras_vae.training import recipe

PACKAGE = Path(keras_vae.__file__).parent
SHAPE = (4, 4, 1)
IMAGES = (np.random.default_rng(0).uniform(size=(12, *SHAPE)) < 0.5).astype("float32")
LABELS = np.arange(12) % 3
CODES = np.random.default_rng(1).normal(size=(12, 2)).astype("float32")
SMALL = {"name": "mlp", "hidden_units": [4]}

WRONG = {
    "None": None, "text": "abc", "empty text": "", "bytes": b"abc", "-1": -1, "0": 0, "1.5": 1.5, "NaN": math.nan,
    "infinity": math.inf, "10^30": 10**30, "10^5000": 10**5000, "True": True, "[]": [], "[0]": [0], "[None]": [None],
    "a dict": {"a": 1}, "a dict of a number": {1: 2}, "a set": {1, 2}, "an object": object(), "a matrix": np.ones((2, 2)),
    "a truth value of NumPy": np.bool_(True), "a class": int, "a long text": "a" * 100_000,
}  # fmt: skip
# A model is made in some hundredths of a second, which adds up: each of its arguments gets so many of the wrong values.
FEW = 6

# Numbers that no argument of theirs takes: those with a fraction, which may be large, and whole ones.
ODD = ("-1", "NaN", "infinity", "10^5000")
HARDLY = (*ODD, "10^30")
CLEAR = (ValueError, TypeError, OSError, ImportError, export.ExportError, NotImplementedError)

# What arguments take whose annotation leaves it open.
PROMISED = {
    ("networks.TransposedDense", "kernel"): {"a matrix"},
    ("augment.RandomShift", "flip"): {"True", "a truth value of NumPy"},
    ("evaluation.ClassifierRecipe", "hidden_units"): {"[]"},
    # Below 0 the KL weighs more than in the ELBO: the paper bounds it from above alone.
    ("objectives.InfoVAE", "alpha"): {"-1"},
}


@functools.cache
def _model():
    model = models.VAE(SHAPE, 2, hidden_units=[4])
    model.compile()
    return model


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Arguments by name that are right wherever they are taken."""
    vae = _model()
    posterior = vae.posterior_given(IMAGES, None)
    return {
        "data_shape": SHAPE,
        "latent_size": 2,
        "event_shape": 2,
        "num_classes": 3,
        "model": vae,
        "posterior": posterior,
        "distribution": posterior,
        "prior": vae.prior_given(None),
        "z": CODES,
        "n": 2,
        "seed": 0,
        "images": IMAGES,
        "x": IMAGES,
        "labels": LABELS,
        "codes": CODES,
        "folder": tmp_path_factory.mktemp("folder"),
    }


def _callables():
    """What is public and can be called, by name, with the arguments that `good` does not know."""
    needs = {
        # models
        models.HierarchicalVAE: {"latent_sizes": (2, 2)},
        models.AttributeConditionalVAE: {"attributes": {"colour": ["red", "green"], "age": "number"}},
        models.ImageConditionalVAE: {"condition_shape": (4, 4, 2)},
        models.SparseAutoencoder: {"num_active": 1},
        models.StackedAutoencoder: {"layer_units": [4, 2]},
        models.MultiDomainAutoencoder: {"num_domains": 2},
        models.VQVAE: {"num_codes": 4, "code_size": 2, "network": {"filters": 4}, "prior": {"filters": 2, "num_layers": 1}},
        models.ConvVAE: {"filters": (2,), "dense_units": (4,)},
        models.classifier_on: {"model": models.Autoencoder(SHAPE, 2, network=SMALL)},
        models.freeze: {"part": "encoder"},
        models.unfreeze: {"part": "encoder"},
        models.with_classes: {"model": models.ConditionalVAE(SHAPE, 2, 2, network=SMALL)},
        # distributions
        distributions.CodePrior: {"event_shape": 4, "grids": [(2, 2)], "num_codes": 4, "filters": 2, "num_layers": 1},
        distributions.ConditionalGaussian: {"condition_size": 3},
        distributions.PixelCNN: {"event_shape": (2, 2), "num_codes": 4, "filters": 2, "num_layers": 1},
        distributions.TopDownPosterior: {"level_sizes": (1, 1)},
        distributions.TopDownPrior: {"level_sizes": (1, 1), "top": distributions.StandardNormal(1)},
        distributions.SpatialPrior: {"event_shape": 9, "map_shape": (2, 2, 2), "filters": 2, "residual_blocks": 1},
        # networks and objectives
        networks.TransposedDense: {"units": 2},
        networks.VectorQuantizer: {"num_codes": 4, "code_size": 2},
        networks.perplexity: {"indices": LABELS, "num_codes": 3},
        objectives.total_correlation: {"num_examples": 12},
        objectives.BetaTCVAE: {"num_examples": 10},
        objectives.Linear: {"steps": 10},
        objectives.terms_with: {"base": objectives.Terms},
        objectives.Cyclical: {"steps": 10},
        # recipes
        recipe.DataRecipe: {"name": "mnist"},
        recipe.TrainingRecipe: {"epochs": 1},
        training.Recipe.from_dict: {"tables": {"model": {}, "data": {"name": "mnist"}, "training": {"epochs": 1}}},
    }  # fmt: skip
    left_out = {
        # Take what other parts of the library make, and no value of a user's.
        distributions.AutoregressiveGrid, distributions.DiscretizedLogisticDistribution, distributions.NoiseDistribution,
        distributions.MaskedLikelihood, distributions.sample_and_log_prob, networks.Quantized, networks.OutputBias, objectives.part,
        objectives.kl_divergence, objectives.squared_mmd,
        # Takes a class: tests/test_own_kind_of_model.py tries wrong ones.
        models.register,
    }  # fmt: skip
    found = {}
    for package in (distributions, networks, objectives, models):
        for name in package.__all__:
            public = getattr(package, name)
            is_class = isinstance(public, type)
            if (
                not callable(public)
                or public in left_out
                or (is_class and (inspect.isabstract(public) or issubclass(public, tuple)))
            ):
                continue
            found[f"{package.__name__.split('.')[-1]}.{name}"] = (public, needs.get(public, {}))
    for public in (recipe.DataRecipe, recipe.OptimizerRecipe, recipe.TrainingRecipe, training.Recipe.from_dict):
        found[f"training.{public.__qualname__}"] = (public, needs.get(public, {}))
    return found


CALLABLES = _callables()
# What functions for objectives of one's own are given: tensors inside a graph, of which nothing can be asked.
IN_A_GRAPH = ("indices", "posterior", "z")
# Of these one argument alone is tried: a call that goes through would load data, build an export, or draw a figure.
ONE_ARGUMENT = [
    ("training.Recipe.read", training.Recipe.read, "path"),
    ("training.read_history", training.read_history, "folder"),
    ("training.read_stages", training.read_stages, "folder"),
    ("training.train", lambda recipe: training.train(recipe, "never-made"), "recipe"),
    ("data.read", data.read, "name"),
    ("data.load", data.load, "name"),
    ("data.ImageFolder", lambda folder: data.ImageFolder(folder, SHAPE), "folder"),
    ("data.ImageTable", lambda path: data.ImageTable(path, SHAPE), "path"),
    ("data.read_picture", lambda path: data.read_picture(path, SHAPE), "path"),
    ("augment.preprocessing_named", augment.preprocessing_named, "spec"),
    ("augment.RandomShift", augment.RandomShift, "flip"),
    ("augment.RandomResizedCrop", augment.RandomResizedCrop, "smallest"),
    ("augment.RandomResizedCrop", augment.RandomResizedCrop, "flip"),
    ("data.choose_labelled", lambda count: data.choose_labelled(LABELS, count), "count"),
    ("data.quadrants", lambda given: data.quadrants(IMAGES, given), "given"),
    ("evaluation.ProbeRecipe", lambda scaling: evaluation.ProbeRecipe(scaling=scaling), "scaling"),
    (
        "evaluation.ClassifierRecipe",
        lambda hidden_units: evaluation.ClassifierRecipe(hidden_units=hidden_units),
        "hidden_units",
    ),
    ("evaluation.cluster", lambda num_clusters: evaluation.cluster(CODES, num_clusters), "num_clusters"),
    ("evaluation.cluster", lambda codes: evaluation.cluster(codes, 3), "codes"),
    ("evaluation.error_rate", lambda predicted: evaluation.error_rate(LABELS, predicted), "predicted"),
    ("evaluation.clustering_accuracy", lambda clusters: evaluation.clustering_accuracy(LABELS, clusters), "clusters"),
    ("evaluation.psnr", lambda x: evaluation.psnr(IMAGES, x), "x"),
    (
        "evaluation.mutual_information_gap",
        lambda codes: evaluation.mutual_information_gap(codes, LABELS[:, None]),
        "codes",
    ),
    ("evaluation.likelihood_report", lambda model: evaluation.likelihood_report(model, IMAGES), "model"),
    ("evaluation.reconstruction_report", lambda model: evaluation.reconstruction_report(model, IMAGES), "model"),
    ("zoo.load", zoo.load, "name"),
    ("zoo.preset_folder", zoo.preset_folder, "name"),
    ("zoo.card", zoo.card, "name"),
    ("zoo.read_metrics", zoo.read_metrics, "name"),
    ("zoo.read_weights", zoo.read_weights, "name"),
    ("zoo.class_names", zoo.class_names, "name"),
    ("zoo.Preset.read", zoo.Preset.read, "folder"),
    ("zoo.recipe_template", zoo.recipe_template, "kind"),
    ("zoo.save_to_preset", lambda model: zoo.save_to_preset(model, "never-made"), "model"),
    ("export.saved_model", lambda model: export.saved_model(model, "never-made"), "model"),
    ("export.tflite", lambda model: export.tflite(model, "never-made"), "model"),
    ("export.tflite", lambda target: export.tflite(_model(), "never-made", target), "target"),
    ("lite.load", lite.load, "name"),
    ("lite.Build", lite.Build, "content"),
    ("plots.samples", lambda model: plots.samples(model, 4), "model"),
    ("plots.samples", lambda n: plots.samples(_model(), n), "n"),
]


def _takes(value, hint):
    """Whether an annotation says that an argument takes the value."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_takes(value, each) for each in inner)
    if origin is collections.abc.Sequence:
        return isinstance(value, list | tuple) and all(_takes(each, *inner) for each in value)
    if origin is dict:
        return isinstance(value, dict) and not value
    if hint is typing.Any:
        return False
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is bool:
        return isinstance(value, bool | np.bool_)
    return (hint is None and value is None) or (isinstance(hint, type) and isinstance(value, hint))


def _fault(where, call, kind, value, hint):
    """What is wrong with the outcome of a call with one wrong value, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(value)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        raised_at = linecache.getline(frames[-1].filename, frames[-1].lineno).strip()
        of_a_file = (
            isinstance(error, OSError) and error.filename is not None
        )  # the system names the file, and what is wrong
        ours = of_a_file or (Path(frames[-1].filename).is_relative_to(PACKAGE) and raised_at.startswith("raise "))
        if isinstance(error, CLEAR) and ours and (of_a_file or len(str(error)) < 3000):
            return None
        return f"{kind}: {type(error).__name__} {str(error)[:150]!r} from {frames[-1].filename}:{frames[-1].lineno} {raised_at!r}"
    _name, argument = where
    promised = PROMISED.get(where, set()) | PROMISED.get(("*", argument), set())
    if kind in promised or (kind not in (ODD if _takes(0.5, hint) else HARDLY) and _takes(value, hint)):
        return None
    return f"{kind}: taken without a word"


def _faults(name, call_with, argument, hint, kinds):
    return [
        f"{name}({argument}=...) {fault}"
        for kind in kinds
        if (fault := _fault((name, argument), call_with, kind, WRONG[kind], hint))
    ]


@pytest.mark.parametrize("name", CALLABLES)
def test_a_wrong_argument_is_a_clear_error(name, good):
    public, needed = CALLABLES[name]
    parameters = {
        key: p
        for key, p in inspect.signature(public).parameters.items()
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }
    right = {
        key: good[key] for key, p in parameters.items() if p.default is p.empty and key in good and key not in needed
    }
    right |= needed
    public(**right)  # or nothing below would tell anything
    hints = typing.get_type_hints(public.__init__ if isinstance(public, type) else public)
    few = random.Random(name)
    slow = public is models.classifier_on or (isinstance(public, type) and issubclass(public, keras.Model))
    faults = []
    for argument, parameter in parameters.items():
        if argument in IN_A_GRAPH and not isinstance(public, type):
            continue
        kinds = few.sample(sorted(WRONG), FEW) if slow else list(WRONG)
        hint = hints.get(argument, typing.Any)
        if parameter.default is None:
            hint = hint | None
        faults += _faults(
            name, lambda value, argument=argument: public(**{**right, argument: value}), argument, hint, kinds
        )
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("name", "call", "argument"), ONE_ARGUMENT, ids=[f"{name}-{key}" for name, _, key in ONE_ARGUMENT]
)
def test_so_is_one_of_a_function_that_works_long(name, call, argument, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faults = _faults(name, call, argument, typing.Any, list(WRONG))
    assert not faults, "\n".join(faults)
    assert not list(tmp_path.iterdir()), "a refused call has left files"
