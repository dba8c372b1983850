"""One training run: a folder that holds all of its state, so that it can be killed and goes on."""

import contextlib
import dataclasses
import functools
import hashlib
import json
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from keras_vae import _checks, _files, _interrupts, _locks, _weights, augment, data
from keras_vae._backend import keras
from keras_vae.models import Clusters, HasObjective, Reconstructs, plain_data
from keras_vae.training import health
from keras_vae.training.active_units import ActiveUnits
from keras_vae.training.callbacks import ExamplesCallback, Logs, NonFiniteLossError, StopOnNonFinite
from keras_vae.training.diagnosis import FAILED, FINISHED, HISTORY, LOCK, PRETRAINING, RUNNING, STOPPED, write_state
from keras_vae.training.facts import facts_of, write_facts
from keras_vae.training.progress import Progress
from keras_vae.training.recipe import Recipe

CHECKPOINT = "checkpoint.safetensors"

# Least length of a run, in times over which it averages its weights: a twentieth of what is kept is the start then.
_AVERAGES = 3.0

# Images that a prior may take in before training begins, and the floats of images that it, or clusters, may take in at most.
_ADAPTED_TO = 10_000
_ADAPTED_FLOATS = 2**27

# Images that are validated at a time.
_VALIDATED = 500

# Images that tell how much there is to learn, and the most floats of them.
_LOOKED_AT, _LOOKED_AT_FLOATS = 500, 2**24

# Images that callbacks may show.
_EXAMPLES = 32

Report = Callable[[health.Finding], None]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended training in the command line, after a step and in order: the same call goes on.

    In a program of your own, Ctrl-C raises Python's `KeyboardInterrupt` wherever training stands.
    """

    def __init__(self, words: str, model: Any = None, epochs: int = 0):
        super().__init__(words)
        self.model = model
        """The model with the weights that would be kept after the last finished epoch; None before the first."""
        self.epochs = epochs
        """Epochs finished."""


def train(
    recipe: Recipe,
    folder: str | Path,
    *,
    source: str | data.Source | None = None,
    initial: Mapping[str, np.ndarray] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoint_seconds: float = 60.0,
    verbose: int | str = "auto",
    report: Report | None = None,
) -> Any:
    """Train the model of `recipe` in `folder`, or go on with the run that is there.

    A run that was killed resumes from its last checkpoint to the same weights that it would have had, on the same
    machine: order and noise are functions of the seed and the step.

    Args:
        recipe: what to train, and how.
        folder: gets the checkpoint, the history (`history.json`), facts about the model and the data (`facts.json`) and TensorBoard
            logs, and those of a pretraining in a folder `pretraining` inside; `run.lock` while a process trains in it.
        source: a data set in the place of the one that the recipe names: a name, or one of your own, such as a `data.ImageFolder`.
        initial: weights by name, as `zoo.read_weights` gives them, of the preset that the recipe's `start_from` names.
        callbacks: more Keras callbacks. At the end of an epoch the model holds the weights that would be kept now. An
            `ExamplesCallback` is given some images first.
        checkpoint_seconds: least time between two checkpoints.
        verbose: 1 for one line with the progress and the time left, 2 for a line per epoch, 0 for nothing; `"auto"` is 1 on a
            terminal and 2 elsewhere.
        report: is given each finding of the health check (see `findings`) at the end of the epoch in which it first appears; by
            default each is a warning.

    Returns:
        The trained model. The logs of every epoch are in `folder/history.json`.

    Raises:
        ValueError: if `folder` holds a run of another recipe, `initial` is missing or does not belong to the model, or the
            images have more or fewer classes than the model.
        NonFiniteLossError: if the loss is no longer finite; the last good checkpoint stays.
        OSError: if the folder cannot be written, or another process trains in it and does not end within a minute; what is there
            stays.
        Interrupted: after Ctrl-C in the command line.
    """
    folder = _checks.path("folder", folder)
    if not isinstance(recipe, Recipe):
        raise ValueError(f"recipe={_checks.shown(recipe)}: must be a Recipe, such as Recipe.read('recipe.toml').")
    with contextlib.ExitStack() as held:
        return _train(recipe, folder, held, source, initial, callbacks, checkpoint_seconds, verbose, report or _warn)


def _warn(finding: health.Finding) -> None:
    warnings.warn(f"{finding.sentence} {finding.remedy}", stacklevel=2)


def _train(
    recipe: Recipe,
    folder: Path,
    held: contextlib.ExitStack,
    source: str | data.Source | None,
    initial: Mapping[str, np.ndarray] | None,
    callbacks: Sequence[keras.callbacks.Callback],
    checkpoint_seconds: float,
    verbose: int | str,
    report: Report,
    words: str = "",
) -> Any:
    """Train, with the lock of the folder in `held` from when it is needed."""
    keras.utils.set_random_seed(recipe.training.seed)
    model = plain_data.build(recipe.model)
    step = augment.preprocessing_named(recipe.data.preprocessing)
    images = data.read(source or recipe.data.name, recipe.data.training_split)
    _check_classes(model, source)
    _check_attributes(model, source)
    learned = _identity(source, images)
    settings = recipe.training
    if recipe.data.labels:
        images = data.with_few_labels(images, recipe.data.labels, settings.seed)
    count = len(images.labels)
    executions = settings.passes_per_epoch * count // settings.batch_size // settings.steps_per_execution
    if settings.batch_size > count or not executions:
        raise ValueError(
            f"training.batch_size={settings.batch_size} times steps_per_execution={settings.steps_per_execution}: must be at "
            f"most the {count} training images."
        )
    steps = executions * settings.steps_per_execution
    total, averaged = settings.epochs * steps, 1.0 / (1.0 - settings.ema)
    if settings.ema and total < _AVERAGES * averaged:
        warnings.warn(
            f"training.ema={settings.ema} keeps an average of the weights over some {averaged:,.0f} steps, and "
            f"the run has {total:,} in all, so what is kept will be behind what was learned. Leave ema out, lower it, or train "
            "longer.",
            stacklevel=3,
        )
    if not (folder / CHECKPOINT).exists():
        _files.check_writable(folder)  # which makes it: not before the recipe and the data are known to be right
    held.enter_context(_locks.alone(folder / LOCK))
    fresh = not (folder / CHECKPOINT).exists()  # now that no other process writes one
    most = max(_EXAMPLES, _LOOKED_AT_FLOATS // math.prod(images.images.shape[1:]))
    looked_at = _some(images, step, settings.seed, min(_LOOKED_AT, most))
    facts = facts_of(model, recipe, looked_at[0], steps)
    if fresh:
        write_facts(folder, facts)
        if recipe.pretraining:
            before = _pretrained(recipe, folder, source, initial, checkpoint_seconds, verbose, report)
            model.set_weights(before.get_weights())
            if isinstance(model, Clusters):
                known = images.first(2 * _room(images)) if images.by_image else images
                model.start_clusters(data.prepared(known, step, settings.seed).numpy(), settings.seed)
        else:
            _start(model, recipe, images, initial)
    recipe.compile_model(model, steps, len(images.labels))
    model.optimizer.build(model.trainable_variables)  # so that a checkpoint finds its variables
    count_active = ActiveUnits(model, *looked_at) if facts.has_kl else dict
    run = _Run(model, recipe, folder, checkpoint_seconds, source, learned, count_active)
    run.restore()
    if not fresh:  # a run of another recipe keeps its own
        write_facts(folder, facts)
    if run.epoch < settings.epochs and not run.stopped:
        stream = data.training_stream(
            images,
            step,
            settings.batch_size,
            steps_per_epoch=steps,
            seed=settings.seed,
            first_epoch=run.epoch,
            labelled_per_batch=recipe.data.labels_per_batch,
        )
        for callback in callbacks:
            if isinstance(callback, ExamplesCallback):
                callback.set_examples(*run.examples(images, step), held_out=run.validation is not None)
        spent = run.history[-1]["seconds"] if run.history else 0.0
        progress = Progress(verbose, words, spent, at_most=bool(settings.patience))
        with _interrupts.deferred("Stopping after this step. Ctrl-C again stops at once.") as asked:
            _fit(
                run,
                stream,
                steps,
                [
                    StopOnNonFinite(),
                    _EndOfEpoch(run, callbacks, _Health(run, facts, report, progress)),
                    Logs(folder / "tensorboard"),
                    progress,
                    _StopWhenAsked(run, asked),
                ],
            )
    run.finish()
    write_state(folder, FINISHED)
    return model


def _pretrained(
    recipe: Recipe, folder: Path, source: Any, initial: Any, seconds: float, verbose: int | str, report: Report
) -> Any:
    """The model of the first stage, which is a run of its own."""
    with contextlib.ExitStack() as held:
        try:
            stage, own = recipe.first_stage(), folder / PRETRAINING
            return _train(stage, own, held, source, initial, (), seconds, verbose, report, words="pretraining")
        except Interrupted as error:
            raise Interrupted("Stopped in the pretraining") from error


def _fit(run: "_Run", stream: Any, steps: int, callbacks: list[keras.callbacks.Callback]) -> None:
    """Go on with a run to its end.

    Raises:
        NonFiniteLossError: see `train`; the folder keeps the words.
        Interrupted: with the weights that would be kept after the last finished epoch.
    """
    write_state(run.folder, RUNNING)
    try:
        run.model.fit(
            stream,
            initial_epoch=run.epoch,
            epochs=run.recipe.training.epochs,
            steps_per_epoch=steps,
            shuffle=False,  # the stream is shuffled
            callbacks=callbacks,
            verbose=0,
        )
    except NonFiniteLossError as error:
        write_state(run.folder, FAILED, str(error))
        raise
    except Interrupted as error:
        run.rewind()
        if run.epoch:
            run.save(force=True)
            run.finish()
        write_state(run.folder, STOPPED)
        raise Interrupted(str(error), run.model if run.epoch else None, run.epoch) from error
    finally:
        for callback in callbacks:
            if isinstance(callback, Progress):
                callback.end()


def _check_classes(model: Any, source: str | data.Source | None) -> None:
    """Raise `ValueError` if a data set of one's own has other classes than the model."""
    names, setting = getattr(source, "class_names", None), plain_data.label_setting(model)
    if names is None or setting is None or len(names) == setting[1]:
        return
    raise ValueError(
        f"model.{setting[0]}={setting[1]}: the images have {len(names)} classes ({', '.join(names[:10]) or 'no class folders'}). "
        "Put the images of each class into a folder of its own, and their number into the recipe."
    )


def _check_attributes(model: Any, source: str | data.Source | None) -> None:
    """Raise `ValueError` if the data set has other attributes than the model."""
    wanted, own = model.attributes, getattr(source, "attributes", None)
    if wanted == own or not model.conditional:
        return
    called = getattr(source, "name", source)
    if own is None:
        raise ValueError(f"{called} has no attributes: train an {type(model).__name__} on a data.ImageTable.")
    if wanted is None:
        raise ValueError(
            f"{called} has attributes: train an AttributeConditionalVAE on it, not a {type(model).__name__}."
        )
    raise ValueError(
        f"model.attributes: they are others than those of {called}. Give the model attributes=table.attributes, in a recipe\n"
        + tomli_w.dumps({"model": {"attributes": own}})
    )


def _identity(source: str | data.Source | None, images: data.Images) -> str:
    """What tells a run's data from others: the name of a data set that has one; the contents of one of the user's own."""
    if source is None or isinstance(source, str):
        return source or ""
    if isinstance(found := getattr(source, "fingerprint", None), str):
        return found
    digest = hashlib.sha256(str((images.images.shape, images.labels.shape)).encode())
    digest.update(np.ascontiguousarray(images.images).data)
    digest.update(np.ascontiguousarray(images.labels, "int64").data)
    return digest.hexdigest()


def _room(images: data.Images) -> int:
    """How many images a prior may take in."""
    return max(1, _ADAPTED_FLOATS // math.prod(images.images.shape[1:]))


def _start(model: Any, recipe: Recipe, images: data.Images, initial: Mapping[str, np.ndarray] | None) -> None:
    """Weights to begin with: fitted to the images, and those of another preset."""
    _start_from_images(model, recipe, images)
    name = recipe.training.start_from
    if not name:
        return
    if initial is None:
        raise ValueError(f"The recipe starts from the weights of {name!r}: pass initial=zoo.read_weights({name!r}).")
    variables = _weights.named(model)
    _weights.assign(name, {key: variable for key, variable in variables.items() if key in initial}, initial)


@functools.singledispatch
def _start_from_images(model: Any, recipe: Recipe, images: data.Images) -> None:
    """Fit to the images what starts from them; of a classifier nothing does."""


@_start_from_images.register(Reconstructs)
def _prior_and_bias(model: Any, recipe: Recipe, images: data.Images) -> None:
    if model.starts_from_data:
        first = images.first(min(_ADAPTED_TO, _room(images)))
        model.adapt(data.prepared(first, augment.Scaling(), 0).numpy())
    if recipe.training.output_bias:
        model.adapt_output_bias(data.mean_image(images.images) / 255.0)


def _validation(images: data.Images, recipe: Recipe) -> dict[str, Any]:
    """What `evaluate` is given of the held-out images: arrays, or batches of images that are prepared batch by batch."""
    step, seed = augment.preprocessing_named(recipe.data.preprocessing), recipe.training.seed
    if images.by_image:
        return {"x": data.batches(images, step, min(_VALIDATED, len(images.labels)), shuffle=False, seed=seed)}
    x, labels = data.prepared(images, step, seed).numpy(), images.labels
    if images.conditions:
        labels = images.conditions(x, labels, None).numpy()
    return {"x": x, "y": labels, "batch_size": _VALIDATED}


def _some(images: data.Images, step: Any, seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """At most so many images, evenly spread over all, as a model sees them, and their labels or conditions."""
    known = np.flatnonzero(images.labels >= 0)  # of few labels the others are -1, which the methods of a model refuse
    places = known if len(known) else np.arange(len(images.labels))
    places = places[_spread(len(places), count)]
    on_disk = isinstance(images.images, data.ImagesOnDisk)
    decoded = images.images.take(places) if on_disk else images.images[places]
    chosen = dataclasses.replace(images, images=decoded, labels=images.labels[places])
    x = data.prepared(chosen, step, seed)
    return x.numpy(), chosen.conditions(x, chosen.labels, None).numpy() if chosen.conditions else chosen.labels


def _spread(count: int, most: int) -> np.ndarray:
    """At most so many whole numbers from 0 to `count` - 1, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))


class _Run:
    """The state of a run beside the weights, and the way of both to the disk and back."""

    def __init__(
        self,
        model: Any,
        recipe: Recipe,
        folder: Path,
        checkpoint_seconds: float,
        source: str | data.Source | None,
        learned: str,
        count_active: Callable[[], dict[str, float]],
    ):
        self.model = model
        self.count_active = count_active
        self.recipe = recipe
        self.learned = learned
        self.folder = folder
        self.checkpoint_seconds = checkpoint_seconds
        self.epoch = 0  # epochs done
        self.stopped = False
        self.best_weights: dict[str, np.ndarray] = {}
        self.history: list[dict[str, float]] = []
        self.validation: dict[str, Any] | None = None
        self.held_out: data.Images | None = None
        split = recipe.data.validation_split
        if split:
            self.held_out = data.read(source or recipe.data.name, split)
            self.validation = _validation(self.held_out, recipe)
        self._ended: dict[str, np.ndarray] = {}  # the state after the last finished epoch
        self._saved_at = time.monotonic()

    def examples(self, images: data.Images, step: Any) -> tuple[np.ndarray, np.ndarray]:
        """Some images to show, held out where there are such, and their labels or conditions."""
        if self.validation is None or "y" not in self.validation:
            return _some(self.held_out or images, step, self.recipe.training.seed, _EXAMPLES)
        x, labels = self.validation["x"], self.validation["y"]  # with the noise that they are validated with
        places = _spread(len(x), _EXAMPLES)
        return x[places], labels[places]

    @property
    def _fingerprint(self) -> str:
        return hashlib.sha256((json.dumps(self.recipe.to_dict(), sort_keys=True) + self.learned).encode()).hexdigest()

    @property
    def _weights(self) -> dict[str, Any]:
        return _weights.named(self.model)

    @property
    def _state(self) -> dict[str, Any]:
        optimizer = {f"optimizer/{i:04d}": v for i, v in enumerate(self.model.optimizer.variables)}
        # A classifier has a loss, which keeps nothing.
        beside = self.model.objective.variables if isinstance(self.model, HasObjective) else []
        return {**self._weights, **optimizer, **{f"objective/{i:04d}": v for i, v in enumerate(beside)}}

    def end_epoch(self, logs: dict[str, Any], seconds: float) -> None:
        """Take in the logs of an epoch and keep the weights if they are the best so far (the average is in place)."""
        self.epoch += 1
        before = self.history[-1]["seconds"] if self.history else 0.0
        if self.validation is not None:
            values = self.model.evaluate(**self.validation, verbose=0, return_dict=True)
            logs.update({f"val_{name}": float(value) for name, value in values.items()})
        logs.update(self.count_active())
        self.history.append(
            {"epoch": self.epoch, "seconds": round(before + seconds, 3), **{k: float(v) for k, v in logs.items()}}
        )
        if self.validation is not None and self.recipe.training.patience:
            key = f"val_{self.recipe.training.monitor}"
            best_epoch = max(self.history, key=lambda line: line[key])["epoch"]
            if best_epoch == self.epoch:
                self.best_weights = {name: variable.numpy() for name, variable in self._weights.items()}
            self.stopped = self.epoch - best_epoch >= self.recipe.training.patience

    def take_state(self) -> None:
        """Keep the state after an epoch (the weights themselves are in place).

        Raises:
            NonFiniteLossError: if the epoch's last update spoilt a weight: no loss has shown it yet.
        """
        state = {name: variable.numpy() for name, variable in self._state.items()}
        for name, value in state.items():
            if not np.isfinite(value).all():
                raise NonFiniteLossError(
                    f"The weight {name!r} became infinite or NaN in the last batch of epoch {self.epoch}. {health.REMEDY}"
                )
        self._ended = state

    def save(self, force: bool = False) -> None:
        """Write a checkpoint of the state after the last epoch if the one before is old enough."""
        if not self._ended or (not force and time.monotonic() - self._saved_at < self.checkpoint_seconds):
            return
        tensors = self._ended | {f"best/{name}": value for name, value in self.best_weights.items()}
        progress = {"epoch": self.epoch, "stopped": self.stopped}
        metadata = {
            "recipe": self._fingerprint,
            "progress": _weights.to_json(progress),
            "history": _weights.to_json(self.history),
        }
        _weights.write(self.folder / CHECKPOINT, tensors, metadata)
        _files.write_json(self.folder / HISTORY, self.history)
        self._saved_at = time.monotonic()

    def restore(self) -> None:
        """Load the checkpoint, if there is one."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        tensors, metadata = _weights.read(path)
        if metadata.get("recipe") != self._fingerprint:
            raise ValueError(
                f"{self.folder} holds a run of another recipe (or of this one, or of its images, before they were changed). "
                "Choose another folder, or remove this one to start anew."
            )
        progress = json.loads(metadata["progress"])
        self.epoch, self.stopped = progress["epoch"], progress["stopped"]
        self.history = json.loads(metadata["history"])
        self.best_weights = {
            name.removeprefix("best/"): value for name, value in tensors.items() if name.startswith("best/")
        }
        state = {name: value for name, value in tensors.items() if not name.startswith("best/")}
        _weights.assign(path, self._state, state)
        history = self.folder / HISTORY
        if not history.is_file() or history.read_text(encoding="utf-8") != _files.as_json(self.history):
            _files.write_json(history, self.history)  # the run was killed between its checkpoint and this file

    def rewind(self) -> None:
        """Put the state in place that the last finished epoch left: of a part of an epoch, nothing is kept."""
        if self._ended:
            _weights.assign(self.folder / CHECKPOINT, self._state, self._ended)
        else:
            self.restore()

    def finish(self) -> None:
        """Put the weights in place that are kept: the best, or the last; averaged where the recipe says so."""
        if self.best_weights:
            for name, variable in self._weights.items():
                variable.assign(self.best_weights[name])
        elif self.recipe.training.ema:
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)


class _EndOfEpoch(keras.callbacks.Callback):
    """Validates with the averaged weights, lets other callbacks see them, writes the checkpoint, and looks at the run's health."""

    def __init__(self, run: _Run, callbacks: Sequence[keras.callbacks.Callback], look: Callable[[], None]):
        super().__init__()
        self._run = run
        self._look = look
        self._given = list(callbacks)

    def on_train_begin(self, logs: Any = None) -> None:
        self._callbacks = keras.callbacks.CallbackList(self._given, model=self.model, **self.params)
        self._callbacks.on_train_begin(logs)

    def on_train_end(self, logs: Any = None) -> None:
        self._callbacks.on_train_end(logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._callbacks.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._callbacks.on_train_batch_end(batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._callbacks.on_epoch_begin(epoch, logs)
        self._started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.monotonic() - self._started
        logs = {} if logs is None else logs
        self._run.take_state()
        with _averaged(self.model, self._run.recipe.training.ema):
            self._run.end_epoch(logs, seconds)
            self._callbacks.on_epoch_end(epoch, logs)
        last = self._run.stopped or self._run.epoch == self._run.recipe.training.epochs
        self._run.save(force=last)
        self._look()
        if self._run.stopped:
            self.model.stop_training = True


class _Health:
    """Reports each finding once; those of the epochs before this process have been told."""

    def __init__(self, run: _Run, facts: health.Facts, report: Report, progress: Progress):
        self._run, self._facts, self._report, self._progress = run, facts, report, progress
        self._told = {finding.name for finding in health.findings(run.history, facts)}

    def __call__(self) -> None:
        for finding in health.findings(self._run.history, self._facts):
            if finding.name not in self._told:
                self._told.add(finding.name)
                self._progress.clear()
                self._report(finding)


class _StopWhenAsked(keras.callbacks.Callback):
    """Raises `Interrupted` between two steps, where nothing is half done, unless the run is at its end."""

    def __init__(self, run: _Run, asked: Callable[[], bool]):
        super().__init__()
        self._run, self._asked = run, asked

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (
            batch + 1 < self.params["steps"] and self._asked()
        ):  # after the last step of an epoch, the epoch is ended first
            raise Interrupted("Stopped")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not self._run.stopped and self._run.epoch < self._run.recipe.training.epochs and self._asked():
            raise Interrupted("Stopped")


@contextlib.contextmanager
def _averaged(model: Any, ema: float) -> Iterator[None]:
    """The moving average of the weights in place of the weights, inside the block."""
    if not ema:
        yield
        return
    own = [variable.numpy() for variable in model.trainable_variables]
    try:
        model.optimizer.finalize_variable_values(model.trainable_variables)
        yield
    finally:
        for variable, value in zip(model.trainable_variables, own, strict=True):
            variable.assign(value)
