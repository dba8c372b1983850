"""Preset folders on the Hugging Face hub: `hf://user/name@revision`."""

import re
import tempfile
import urllib.parse
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from keras_vae import _weights
from keras_vae.training.recipe import MAX_BYTES
from keras_vae.zoo import fetch, files
from keras_vae.zoo.fetch import HubError

SCHEME = "hf://"
_ADDRESS = re.compile(r"hf://([\w.-]{1,96}/[\w.-]{1,96})(?:@([\w./-]{1,200}))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
# The files of a preset folder, and the largest of each that is fetched; no other goes up or down.
SIZES = {
    files.FILE: MAX_BYTES,
    files.MANIFEST: 1_000_000,
    files.WEIGHTS: _weights.MAX_BYTES,
    files.METRICS: 1_000_000,
    files.CARD: 1_000_000,
    files.SAMPLES: 10_000_000,
    files.CURVES: 10_000_000,
}
_NEEDED = (files.FILE, files.MANIFEST, files.WEIGHTS)


class Address(NamedTuple):
    """Where a preset is on the hub."""

    repository: str
    """`user/name`."""
    revision: str | None
    """A commit, branch or tag; None for the newest."""

    @classmethod
    def read(cls, text: str) -> "Address":
        """Read `hf://user/name` or `hf://user/name@revision`.

        Raises:
            ValueError: if it is no such address.
        """
        match = _ADDRESS.fullmatch(text)
        if not match or ".." in text or "--" in match[1]:
            raise ValueError(
                f"{text!r} is no address on the hub: it is like hf://user/name or hf://user/name@revision."
            )
        return cls(match[1], match[2])

    @property
    def name(self) -> str:
        """Name of the preset."""
        return self.repository.split("/")[1]

    @property
    def pinned(self) -> bool:
        """Whether it names a commit, which always is the same."""
        return bool(self.revision and _COMMIT.fullmatch(self.revision))


def pinned(name_or_folder: str) -> str:
    """The same preset by a name that cannot change meanwhile: an address on the hub without a commit gets the newest.

    Raises:
        ValueError, ImportError, HubError: as in `download`.
    """
    if not name_or_folder.startswith(SCHEME) or Address.read(name_or_folder).pinned:
        return name_or_folder
    return address_of(name_or_folder, download(name_or_folder))


def address_of(address: str, folder: Path) -> str:
    """The address with the commit of the folder that `download` returned for it."""
    return f"{SCHEME}{Address.read(address).repository}@{folder.name}"


def download(address: str, cache: str | Path | None = None) -> Path:
    """Fetch a preset from the hub, unless its commit was fetched before; returns its folder in the hub's cache.

    Only the files of a preset are fetched, none of them if one is larger than any that `load` reads, and each must have the size
    that the hub names for it. An address without a commit warns with the commit that it found, since what it names may change.

    Args:
        address: `hf://user/name@revision`.
        cache: folder of the cache; by default that of huggingface_hub.

    Raises:
        ValueError: if it is no such address.
        ImportError: if huggingface_hub is not installed.
        HubError: if the hub cannot be reached, has no such preset, or answers with what is none.
    """
    hub, found = _hub(), Address.read(address)
    # The form of huggingface_hub's cache, so that its commands list and delete it.
    home = Path(cache or hub.constants.HF_HUB_CACHE) / f"models--{found.repository.replace('/', '--')}"
    if found.revision and found.pinned and _whole(home / "snapshots" / found.revision):
        return home / "snapshots" / found.revision
    commit, sizes = _listing(address, found)
    folder = home / "snapshots" / commit
    if not found.pinned:
        warnings.warn(
            f"{address} names no commit, so it may be another one tomorrow. This is {SCHEME}{found.repository}@{commit}",
            stacklevel=3,
        )
        if _whole(folder):
            return folder
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".incomplete-") as aside:
        made = Path(aside) / commit
        made.mkdir()
        for name, size in sizes.items():
            fetch.to_file(address, hub.hf_hub_url(found.repository, name, revision=commit), made / name, size, commit)
        folder.parent.mkdir(exist_ok=True)
        try:
            made.rename(folder)
        except OSError:  # a part of it is there, or it was fetched by another process meanwhile
            for path in made.iterdir():
                path.replace(folder / path.name)
    return folder


def _whole(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _NEEDED)


def _listing(address: str, found: Address) -> tuple[str, dict[str, Any]]:
    """The commit that the hub has for an address, and the sizes of a preset's files in it; nothing that it says is believed."""
    revision = f"/revision/{urllib.parse.quote(found.revision, safe='')}" if found.revision else ""
    info = fetch.json_of(address, f"{_hub().constants.ENDPOINT}/api/models/{found.repository}{revision}?blobs=true")
    commit, files = info.get("sha"), info.get("siblings")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit) or not isinstance(files, list):
        raise HubError(f"{address}: the hub answers without a commit and a list of files.")
    if found.pinned and commit != found.revision:
        raise HubError(f"{address}: the hub answers with the commit {commit}.")
    named = [file for file in files if isinstance(file, dict) and isinstance(file.get("rfilename"), str)]
    sizes = {file["rfilename"]: file.get("size") for file in named if file["rfilename"] in SIZES}
    missing = [name for name in _NEEDED if name not in sizes]
    if missing:
        raise HubError(f"{address} holds no {missing[0]}: it is no preset folder of keras_vae.")
    for name, size in sizes.items():
        if type(size) is not int or not 0 <= size <= SIZES[name]:
            raise HubError(f"{address}: {name} has {size!r:.40} bytes; at most {SIZES[name]} are fetched.")
    return commit, sizes


_hub = fetch.hub
