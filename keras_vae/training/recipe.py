"""A recipe: model, data, optimizer, schedule, epochs and seed, as plain data with bounds."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from keras_vae import _checks, _named, _tables, _untrusted, augment, data, objectives
from keras_vae._tables import Flag, OneOf, Real, Says, Text, Whole
from keras_vae._weights import STORED_AS

if TYPE_CHECKING:
    from keras_vae._backend import keras
    from keras_vae.objectives import Objective

MAX_BYTES = 1_000_000
"""Largest file of a recipe."""
_OPTIMIZERS = ("adam", "adamw", "adamax", "sgd", "rmsprop")
_OPTIMIZER_ARGUMENTS = ("beta_1", "beta_2", "epsilon", "weight_decay", "clipnorm", "global_clipnorm", "momentum")
_STAGE = ("objective", "optimizer", "data", "training")


def _preprocessing(spec: Any) -> Any:
    augment.preprocessing_named(spec, "data.preprocessing")
    return spec


_Images = Annotated[Whole, Field(ge=0, le=10**7)]


@_tables.table("data")
class DataRecipe:
    """The `[data]` table.

    The name is that of a data set, or `"folder"`: the pictures are then in a folder that is given when the training begins.

    `validation` images at the end of the training set are held out, and early stopping looks at them alone. With `labels` above 0,
    only so many of the training images have a label, chosen by the training's seed, and the others -1; `labels_per_batch` of each
    batch are drawn from those that have one.
    """

    name: Annotated[Text, OneOf((*data.DATASETS, data.FOLDER))]
    preprocessing: Annotated[Any, AfterValidator(_preprocessing)] = "scaling"
    validation: _Images = 0
    labels: _Images = 0
    labels_per_batch: _Images = 0

    def __post_init__(self) -> None:
        if bool(self.labels) != bool(self.labels_per_batch):
            raise ValueError(
                f"data.labels={self.labels} and data.labels_per_batch={self.labels_per_batch}: give both, or neither."
            )

    @property
    def training_split(self) -> str:
        """Split to train on."""
        return f"train[:-{self.validation}]" if self.validation else "train"

    @property
    def validation_split(self) -> str | None:
        """Split to validate on."""
        return f"train[-{self.validation}:]" if self.validation else None


@_tables.table("optimizer")
class OptimizerRecipe:
    """The `[optimizer]` table.

    With `schedule = "cosine"` the learning rate rises over `warmup_epochs`, then falls along a half cosine to `final` times
    its peak; with `"constant"` it stays. `arguments` go to the Keras optimizer.
    """

    name: Annotated[Text, OneOf(_OPTIMIZERS)] = "adam"
    learning_rate: Annotated[Real, Field(ge=0.0, le=10.0)] = 1e-3
    schedule: Annotated[Text, OneOf(("cosine", "constant"))] = "cosine"
    final: Annotated[Real, Field(ge=0.0, le=1.0)] = 0.01
    warmup_epochs: Annotated[Whole, Field(ge=0, le=_checks.MAX_SIZE)] = 0
    arguments: Annotated[
        dict[
            Annotated[str, OneOf(_OPTIMIZER_ARGUMENTS)],
            Annotated[Real, Field(ge=0.0, le=_checks.MAX_FLOAT)],
        ],
        Says("must be a table, such as { clipnorm = 1.0 }."),
    ] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.warmup_epochs and self.schedule == "constant":
            raise ValueError(f"optimizer.warmup_epochs={self.warmup_epochs}: goes with schedule='cosine' only.")

    def build(self, epochs: int, steps_per_epoch: int, ema: float) -> "keras.optimizers.Optimizer":
        """Make the optimizer; `ema` is the decay of the weights' moving average, 0 for none."""
        from keras_vae._backend import keras

        rate: Any = self.learning_rate
        if self.schedule == "cosine":
            warmup = self.warmup_epochs * steps_per_epoch
            rate = keras.optimizers.schedules.CosineDecay(
                0.0 if warmup else rate,
                max(1, epochs * steps_per_epoch - warmup),
                alpha=self.final,
                warmup_target=rate if warmup else None,
                warmup_steps=warmup,
            )
        average: dict[str, Any] = {"use_ema": True, "ema_momentum": ema} if ema else {}
        cls = type(keras.optimizers.get(self.name))
        return cls(learning_rate=rate, **average, **self.arguments)


@_tables.table("training")
class TrainingRecipe:
    """The `[training]` table.

    Args:
        epochs: number of epochs, at most.
        passes_per_epoch: passes over the training images in an epoch. Of few images one pass is a few steps, and what is done after
            each epoch (validation, checks, the logs) takes longer than the training.
        batch_size: images a step.
        seed: of the first weights, of the order and of all noise.
        ema: decay of the moving average of the weights, which is what is evaluated and kept; 0 keeps the weights themselves.
        patience: epochs without a better ELBO on the held-out images after which training stops, with the best weights
            kept; 0 trains to the end and keeps the last.
        steps_per_execution: optimizer steps a call of the training function, for speed.
        jit_compile: whether XLA compiles the step: faster for dense networks, slower for convolutions, on CPU cores.
        output_bias: whether the decoder starts at the mean of the training images.
        start_from: name of a preset whose weights the training starts from, "" for none. What the preset does not have, such
            as another prior, starts fresh.
        monitor: the validation figure, larger is better, that early stopping looks at.
        stored_as: number format of the weights in the preset: see `zoo.save_to_preset`.
    """

    epochs: Annotated[Whole, Field(ge=1, le=10**6)]
    passes_per_epoch: Annotated[Whole, Field(ge=1, le=10**6)] = 1
    batch_size: Annotated[Whole, Field(ge=1, le=10**6)] = 128
    seed: Annotated[Whole, Field(ge=0, le=2**31 - 2)] = 0
    ema: Annotated[Real, Field(ge=0.0, le=0.999999)] = 0.0
    patience: Annotated[Whole, Field(ge=0, le=10**6)] = 0
    steps_per_execution: Annotated[Whole, Field(ge=1, le=_checks.MAX_SIZE)] = 1
    jit_compile: Flag = False
    output_bias: Flag = True
    start_from: Annotated[Text, Says("must be the name of a preset.")] = ""
    monitor: Annotated[Text, OneOf(("elbo", "log_likelihood", "accuracy"))] = "elbo"
    stored_as: Annotated[Text, OneOf(STORED_AS)] = "float32"


@_tables.table("", called="a recipe")
class Recipe:
    """Everything that decides the weights of a model.

    `pretraining` holds tables `objective`, `optimizer`, `data` and `training` of a stage before: what they say is different there,
    and what the last two do not say is the same. So a first stage may hold images out, to choose by, and the last learn from all.
    """

    model: dict[str, Any]
    data: DataRecipe
    training: TrainingRecipe
    optimizer: OptimizerRecipe = OptimizerRecipe()
    objective: dict[str, Any] = dataclasses.field(default_factory=dict)
    pretraining: dict[Annotated[str, OneOf(_STAGE)], dict[str, Any]] = dataclasses.field(default_factory=dict)

    TABLES: ClassVar = ("model", "data", "training", "optimizer", "objective", "pretraining")

    def __post_init__(self) -> None:
        if self.pretraining:
            self.first_stage()
        if self.training.patience and not self.data.validation:
            raise ValueError(
                f"training.patience={self.training.patience}: needs held-out images, so set data.validation to their number."
            )

    @classmethod
    def from_dict(cls, tables: dict[str, Any]) -> "Recipe":
        """Make a recipe from the tables of a file.

        Raises:
            ValueError: if a table or a key is missing or unknown, or a value is out of its range, naming it.
        """
        recipe = cls.parse(tables)
        recipe.check_objectives()
        return recipe

    @classmethod
    def parse(cls, tables: dict[str, Any]) -> "Recipe":
        """As `from_dict`, without importing TensorFlow: the objectives are checked by `check_objectives`, or when they are built.

        Raises:
            ValueError: as `from_dict`.
        """
        return _tables.read(cls, tables)

    def check_objectives(self) -> None:
        """Check the objective, and that of the pretraining.

        Raises:
            ValueError: if a name or a setting is unknown, or a value is out of its range.
        """
        self.build_objective(1)
        if self.pretraining:
            try:
                self.first_stage().build_objective(1)
            except ValueError as error:
                raise ValueError(f"[pretraining]: {error}") from error

    @classmethod
    def read(cls, path: str | Path) -> "Recipe":
        """Read a recipe from a TOML file.

        Raises:
            ValueError: if it is no recipe: see `from_dict`.
            OSError: if it cannot be read.
        """
        file = _checks.path("path", path)
        if not file.is_file():
            raise FileNotFoundError(f"{_checks.shown(str(file))} is no file: give the path of a recipe, a .toml file.")
        return cls.from_dict(_untrusted.read_toml(file, MAX_BYTES))

    def to_dict(self) -> dict[str, Any]:
        """The tables that `from_dict` takes."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value != {}}

    def first_stage(self) -> "Recipe":
        """The recipe of the pretraining; its objective is checked when it is built.

        Raises:
            ValueError: if a table or a key of it is unknown, or a value is out of its range.
        """
        own = self.to_dict()
        tables = {"model": own["model"], **self.pretraining}
        for name in ("data", "training"):
            tables[name] = {**own[name], **self.pretraining.get(name, {})}
        try:
            return Recipe.parse(tables)
        except ValueError as error:
            raise ValueError(f"[pretraining]: {error}") from error

    def compile_model(
        self, model: Any, steps_per_epoch: int, num_examples: int, steps_per_execution: int | None = None
    ) -> None:
        """Compile a model for the training that the recipe describes.

        Args:
            model: the recipe's model.
            steps_per_epoch: optimizer steps.
            num_examples: training images.
            steps_per_execution: in the place of the recipe's own.
        """
        from keras_vae.models import HasObjective

        settings = self.training
        objective = self.build_objective(steps_per_epoch, num_examples)
        model.compile(
            optimizer=self.optimizer.build(settings.epochs, steps_per_epoch, settings.ema),
            **({"objective": objective} if objective else {}),
            **({"seed": settings.seed} if isinstance(model, HasObjective) else {}),
            steps_per_execution=steps_per_execution or settings.steps_per_execution,
            jit_compile=settings.jit_compile,
        )

    def build_objective(self, steps_per_epoch: int, num_examples: int = 2) -> "Objective | None":
        """Make the objective; where a schedule says `epochs`, that many times `steps_per_epoch` steps.

        Args:
            steps_per_epoch: optimizer steps.
            num_examples: training images, for an objective that needs their number.
        """
        if not self.objective:
            return None
        spec = {"name": "elbo", **_in_steps("objective", self.objective, steps_per_epoch)}
        return _named.build("objective", objectives, objectives.Objective, spec, {"num_examples": num_examples})


def _in_steps(name: str, table: dict[str, Any], steps_per_epoch: int) -> dict[str, Any]:
    """The table, and those in it, with `steps` for `epochs`, and `steps_per_layer` for `epochs_per_layer`."""
    found = {
        key: _in_steps(f"{name}.{key}", value, steps_per_epoch) if isinstance(value, dict) else value
        for key, value in table.items()
    }
    for key in ("epochs", "epochs_per_layer"):
        if key in found:
            epochs = _checks.finite_float(f"{name}.{key}", found.pop(key), minimum=0.0, maximum=1e6)
            found[key.replace("epochs", "steps")] = max(1, round(epochs * steps_per_epoch))
    return found
