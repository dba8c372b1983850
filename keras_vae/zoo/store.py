"""Finds a file by its SHA-256: weights that are not in the folder of their preset."""

import importlib.metadata
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from keras_vae import _checks
from keras_vae.zoo.downloads import DownloadError, Progress, download

GROUP = "keras_vae.presets"
"""Entry points of data wheels: each names a package with a folder `blobs`."""
STORE, CACHE, OFFLINE = "KERAS_VAE_STORE", "KERAS_VAE_CACHE", "KERAS_VAE_OFFLINE"
"""Environment variables: folders or https addresses, with commas between; the folder of downloads; 1 for no network."""
MAX_BYTES = 2 * 1024**3
_SHA256 = re.compile("[0-9a-f]{64}")


class MissingBlobError(FileNotFoundError):
    """A file of the zoo is not on this machine, and not to be fetched."""


def find(sha256: str, size: int, what: str, progress: Progress | None = None) -> Path:
    """Find a file, downloading it if it must be.

    Places, in this order: installed data wheels, the folders of `KERAS_VAE_STORE`, the cache, the addresses of `KERAS_VAE_STORE`.
    In each the file has its SHA-256 as its name. Who reads the file verifies its SHA-256, from the bytes that are used.

    Args:
        sha256: of the file, in hexadecimal.
        size: in bytes.
        what: what it is, for the errors, such as the name of a preset.
        progress: is told how far a download is; by default a line on a terminal says it.

    Returns:
        Its path.

    Raises:
        MissingBlobError: if it is nowhere, with the ways to get it.
        DownloadError: if no address has it.
        ValueError: if the SHA-256, the size or an environment variable is wrong.
        OSError: if the cache cannot be written.
    """
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise ValueError(f"sha256={_checks.shown(sha256)}: must have 64 hexadecimal digits.")
    size = _checks.positive_int("size", size, maximum=MAX_BYTES)
    folders, addresses = _places()
    for folder in (*_of_wheels(), *folders, cache()):
        path = folder / sha256
        if path.is_file() and path.stat().st_size == size:
            return path
    if not addresses or _offline():
        raise MissingBlobError(_missing(what, size, bool(addresses)))
    path, errors = cache() / sha256, []
    progress = _on_a_terminal(what) if progress is None else progress
    for address in addresses:
        try:
            download(f"{address.rstrip('/')}/{sha256}", path, sha256, size, progress)
        except DownloadError as error:
            errors.append(str(error))
        except OSError as error:
            raise OSError(
                error.errno,
                f"{what} cannot be kept in {path.parent} ({error.strerror or error}). Make room there, or set {CACHE} to a folder "
                "that can be written",
            ) from error
        else:
            return path
    raise DownloadError(f"{what} could not be fetched. {' '.join(errors)}")


def cache() -> Path:
    """The folder of downloads."""
    given = os.environ.get(CACHE)
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("keras_vae")) / "blobs"


def _on_a_terminal(what: str) -> Progress | None:
    """A line on the error stream that says how far a download is; None where it is no terminal."""
    if not sys.stderr.isatty():
        return None

    def show(have: int, size: int) -> None:
        end = "\n" if have == size else ""
        print(f"\rFetching {what}: {have / 1e6:.1f} of {size / 1e6:.1f} MB", end=end, file=sys.stderr, flush=True)

    return show


def _places() -> tuple[list[Path], list[str]]:
    """The folders and the addresses of `KERAS_VAE_STORE`."""
    given = [part.strip() for part in os.environ.get(STORE, "").split(",") if part.strip()]
    addresses = [part for part in given if "://" in part]
    for address in addresses:
        if not address.startswith(("https://", "http://")):
            raise ValueError(f"{STORE} has {address!r}: must be a folder, or an address that begins with https://.")
    return [Path(part) for part in given if "://" not in part], addresses


def _of_wheels() -> Iterator[Path]:
    """The folders of the data wheels that are installed."""
    for entry in importlib.metadata.entry_points(group=GROUP):
        spec = importlib.util.find_spec(entry.value)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            yield Path(place) / "blobs"


def _offline() -> bool:
    given = os.environ.get(OFFLINE, "")
    if given not in ("", "0", "1"):
        raise ValueError(f"{OFFLINE}={given!r}: must be 1 for no network, or 0.")
    return given == "1"


def _missing(what: str, size: int, has_address: bool) -> str:
    network = f" The network is not used, because {OFFLINE} is 1." if has_address else ""
    return (
        f"{what}: its weights ({size / 1e6:.1f} MB) are not on this machine.{network} Three ways to get them: `pip install "
        f"keras-vae-zoo`, the weights of all presets; {STORE} with a folder or an https address that has them; or a clone of the "
        "repository, whose zoo/ has them."
    )
