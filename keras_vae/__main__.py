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
            f"Error: the package {error.name} is not installed. `keras_vae.lite` needs no more than NumPy and LiteRT; for this "
            "command install keras_vae with all that it depends on, without --no-deps."
        )
    app()


if __name__ == "__main__":
    main()
