"""The command that fetches weights of the zoo."""

from typing import Annotated

import typer

from keras_vae.cli import completion
from keras_vae.cli.app import app, console, escaped, plain_errors


@app.command("fetch", rich_help_panel="Look")
def fetch(
    presets: Annotated[
        list[str] | None, typer.Argument(help="Names of presets.", autocompletion=completion.preset_names)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All presets of the zoo.")] = False,
) -> None:
    """Fetch weights that are not on this machine yet, so that presets load without a network.

    They come from the folders and addresses of KERAS_VAE_STORE and stay in KERAS_VAE_CACHE, by default the user's cache folder.
    """
    with plain_errors():
        from keras_vae import zoo
        from keras_vae.cli.inputs import progress_bar

        if every == bool(presets):
            raise ValueError("Give the names of presets, or --all for all of the zoo: `keras-vae list` shows them.")
        found = zoo.zoo_presets() if every else [zoo.trained_preset(name) for name in presets or ()]
        for preset in found:
            with progress_bar(escaped(preset.name)) as progress:
                path = preset.weights_file(progress)
            console.print(f"{escaped(preset.name)}: {escaped(path)}", soft_wrap=True, highlight=False)
