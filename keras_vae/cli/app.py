"""The command line application, and what every command shares.

Nothing here imports TensorFlow until a command calls `start_tensorflow`: before, it checks all that can be checked without, so that
mistakes are told at once, and afterwards it does what it said it would.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.segment import Segment
from typer.core import TyperGroup

from keras_vae import _interrupts, _untrusted
from keras_vae.cli import completion

_UsageError: Any = typer.BadParameter.__base__  # Typer exports it from nowhere, and has had it from two packages


class _Commands(TyperGroup):
    """Says in one line what is wrong with a command line, as every other error is said."""

    def main(self, *args: Any, **settings: Any) -> Any:
        alone = settings.pop("standalone_mode", True)
        settings["standalone_mode"] = False  # errors are raised, not shown
        if not alone:
            return super().main(*args, **settings)
        try:
            sys.exit(super().main(*args, **settings))
        except typer.Abort:
            errors.print("Stopped.")
            sys.exit(1)
        except _UsageError as error:
            words = " ".join(error.format_message().split())
            if words:  # none where no command was named: the help has been shown
                end = "" if words.endswith((".", "?")) else "."
                _print_error(f"{words}{end} `{error.ctx.command_path} --help` shows what it takes.")
            sys.exit(error.exit_code)


app = typer.Typer(
    name="keras-vae",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Autoencoders and variational autoencoders for Keras 3: a zoo of trained models, and recipes to train more.",
)


class _PrintableConsole(Console):
    """Prints words of presets, file names and servers so that the terminal finds no command in them."""

    def render(self, *args: Any, **settings: Any) -> Iterable[Segment]:
        for segment in super().render(*args, **settings):
            yield segment if segment.control else segment._replace(text=_untrusted.printable(segment.text))


console = _PrintableConsole()
errors = _PrintableConsole(stderr=True)
at_end = contextlib.ExitStack()
"""What a command leaves open, such as a progress bar that an error cut short; closed before the error is printed."""


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from keras_vae import __version__

        parts = (f"{name} {version(name)}" for name in ("keras", "tensorflow", "tensorflow-probability"))
        print(f"keras-vae {__version__} ({', '.join(parts)})")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_tell_version,
            is_eager=True,
            help="Print the version, and those of what it is built on.",
        ),
    ] = False,
) -> None:
    """What stands before a command."""


def found(preset: "str | zoo.Preset") -> "zoo.Preset":
    """The preset of a command: looked for once, and passed on as what was found."""
    from keras_vae import zoo

    return zoo.find_preset(preset)


def trained(preset: "str | zoo.Preset") -> "zoo.Preset":
    """The same for a command that loads the weights, which must be there."""
    from keras_vae import zoo

    there = zoo.trained_preset(preset)
    there.weights_file()  # fetched now, or missed, before seconds of starting TensorFlow
    return there


_Named = Annotated[
    str,
    typer.Argument(
        help="Name of a preset (see `keras-vae list`), path of a preset folder (./NAME), or hf://user/name@revision.",
        autocompletion=completion.preset_names,
    ),
]
if TYPE_CHECKING:
    from keras_vae import zoo

    PresetArgument = str | zoo.Preset  # given as a name, and a command goes on with what `found` or `trained` returns
else:
    PresetArgument = _Named
SeedOption = Annotated[int, typer.Option(help="The same seed draws the same images.")]
AttributeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--attribute",
        metavar="NAME=VALUE",
        help="For a model with attributes (AttributeConditionalVAE), such as --attribute hat=yes --attribute age=40; one for each "
        "attribute of the preset. Several values with commas, age=20,40,60, are of several rows or image files.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
SkipCorruptOption = Annotated[
    bool,
    typer.Option("--skip-corrupt", help="Leave files of --data that cannot be decoded out, with a warning."),
]
FollowLinksOption = Annotated[
    bool, typer.Option("--follow-links", help="Follow links that lead outside of the folder of --data.")
]


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn Ctrl-C, or an error that a user can mend, into one line and an exit status; let a defect of ours show its traceback."""
    try:
        _interrupts.end_in_order()
        with contextlib.closing(at_end):
            yield
    except KeyboardInterrupt as error:
        errors.print("Stopped.")
        raise typer.Exit(_interrupts.STATUS) from error
    except typer.Exit:  # of a command inside a command, which has told why
        raise
    except (ValueError, ArithmeticError, OSError, RuntimeError, ImportError) as error:
        _print_error(error)
        raise typer.Exit(1) from error


def _print_error(error: Any) -> None:
    errors.print(f"[bold red]Error:[/] {escaped(error)}", highlight=False, soft_wrap=True)


def start_tensorflow(doing: str) -> None:
    """Say what a command does, and load TensorFlow and let it look for its devices, without the notices that its C++ code prints.

    Only the file descriptor is silenced: an error in Python is raised, and shows, after it is back.

    Args:
        doing: what the command does with it, such as "Loading mnist_cvae". It is told on the error stream, so that what programs
            read stays clean, and once: TensorFlow that is there already takes no time.
    """
    words = escaped(f"{doing} (starting TensorFlow, a few seconds) ...")
    waits, moving = sys.modules.get("tensorflow") is None, errors.is_terminal
    if waits and not moving:
        errors.print(words, highlight=False, soft_wrap=True)
    sys.stderr.flush()
    with os.fdopen(os.dup(2), "w") as kept:
        try:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            shown = _PrintableConsole(file=kept).status(words) if waits and moving else contextlib.nullcontext()
            with shown, _interrupts.at_once(), _without("sklearn"):
                from keras_vae._backend import tf

                tf.config.list_logical_devices()
        finally:
            os.dup2(kept.fileno(), 2)


@contextlib.contextmanager
def _without(package: str) -> Iterator[None]:
    """Let imports of a package fail in the block, unless it is there already.

    Keras imports scikit-learn, and with it SciPy, if it finds it: for wrappers that no command uses, a quarter of the time.
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop(package, None)


@contextlib.contextmanager
def working(words: str) -> Iterator[None]:
    """Words with a sign that moves while something takes its time; on a terminal alone."""
    with errors.status(escaped(words)) if errors.is_terminal else contextlib.nullcontext():
        yield


def fit_verbosity() -> int:
    """How `fit` shows its progress: a bar that moves on a terminal, a line an epoch in a log."""
    return 1 if console.is_terminal else 2


def escaped(value: Any) -> str:
    """Words in which rich sees no markup."""
    from rich.markup import escape

    return escape(str(value))


def generative(model: Any, what: str) -> Any:
    """The model, or an error that says what it cannot do: draw."""
    from keras_vae.models import Samples

    return _having(Samples, model, what)


def with_codes(model: Any, what: str) -> Any:
    """The model, or an error that says what it cannot do: encode and decode."""
    from keras_vae.models import Reconstructs

    return _having(Reconstructs, model, what)


def _having(capability: type, model: Any, what: str) -> Any:
    if not isinstance(model, capability):
        raise ValueError(
            f"{model.name} is a {type(model).__name__}: it cannot {what}. `keras-vae list` shows the presets that can."
        )
    return model


def labels_of(text: str, class_names: Sequence[str]) -> list[int]:
    """The labels that `--labels` names: whole numbers, or names of a preset's classes."""
    parts = [part.strip() for part in text.split(",")]
    try:
        return [class_names.index(part) if part in class_names else int(part) for part in parts]
    except ValueError as error:
        named = f", or the classes {', '.join(class_names)}" if class_names else ""
        raise ValueError(
            f"--labels {text!r}: must be whole numbers{named}, with commas between them, such as 3,1,4."
        ) from error
