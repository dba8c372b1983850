"""`python -m keras_vae`, and what the script `keras-vae` runs."""

import sys

from keras_vae import _interrupts


def main() -> None:
    """Run the command line application, or say in one line that what it is built on is not installed."""
    _interrupts.end_at_once()
    try:
        from keras_vae.cli import app
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "keras_vae":
            raise
        sys.exit(
            f"Error: the command line needs the package {error.name}, which is not installed: pip install 'keras-vae[cli]'"
        )
    app()


if __name__ == "__main__":
    main()
