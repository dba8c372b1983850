"""Preset folders on the Hugging Face hub: `hf://user/name@revision`."""

import contextlib
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from keras_vae import _checks, _weights
from keras_vae.zoo import preset_file

SCHEME = "hf://"
_ADDRESS = re.compile(r"hf://([\w.-]{1,96}/[\w.-]{1,96})(?:@([\w./-]{1,200}))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# The files of a preset folder, and the largest of each that is fetched; no other goes up or down.
SIZES = {
    preset_file.FILE: 1_000_000,
    preset_file.MANIFEST: 1_000_000,
    preset_file.WEIGHTS: _weights.MAX_BYTES,
    preset_file.METRICS: 1_000_000,
    preset_file.CARD: 1_000_000,
    preset_file.SAMPLES: 10_000_000,
    preset_file.CURVES: 10_000_000,
}
_NEEDED = (preset_file.FILE, preset_file.MANIFEST, preset_file.WEIGHTS)


class HubError(RuntimeError):
    """The hub cannot be reached, does not have the preset, or does not take it."""


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
        if not match or ".." in text:
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


def download(address: str, cache: str | Path | None = None) -> Path:
    """Fetch a preset from the hub, unless its commit was fetched before; returns its folder in the hub's cache.

    Only the files of a preset are fetched, none of them if one is larger than any that `load` reads. An address without a commit
    warns with the commit that it found, since what it names may change.

    Args:
        address: `hf://user/name@revision`.
        cache: folder of the cache; by default that of huggingface_hub.

    Raises:
        ValueError: if it is no such address.
        ImportError: if huggingface_hub is not installed.
        HubError: if the hub cannot be reached, or has no such preset.
    """
    hub, found = _hub(), Address.read(address)
    if found.pinned:
        try:
            folder = Path(
                hub.snapshot_download(found.repository, revision=found.revision, cache_dir=cache, local_files_only=True)
            )
            if all((folder / name).is_file() for name in _NEEDED):
                return folder
        except (OSError, hub.errors.LocalEntryNotFoundError):
            pass  # not fetched yet
    with _told(hub, address):
        info = hub.HfApi().model_info(found.repository, revision=found.revision, files_metadata=True)
    sizes = {file.rfilename: file.size for file in info.siblings}
    missing = [name for name in _NEEDED if name not in sizes]
    if missing:
        raise HubError(f"{address} holds no {missing[0]}: it is no preset folder of keras_vae.")
    for name, size in sizes.items():
        if name in SIZES and (size is None or size > SIZES[name]):
            raise HubError(f"{address}: {name} has {size} bytes; at most {SIZES[name]} are fetched.")
    if found.pinned and info.sha != found.revision:
        raise HubError(f"{address}: the hub answers with the commit {info.sha}.")
    if not found.pinned:
        warnings.warn(
            f"{address} names no commit, so it may be another one tomorrow. This is {SCHEME}{found.repository}@{info.sha}",
            stacklevel=3,
        )
    with _told(hub, address):
        return Path(
            hub.snapshot_download(
                found.repository, revision=info.sha, cache_dir=cache, allow_patterns=[n for n in sizes if n in SIZES]
            )
        )


def upload(folder: str | Path, address: str, private: bool = False) -> str:
    """Put a preset folder on the hub, in one commit; returns its address with that commit.

    Who uploads is known to huggingface_hub: by `hf auth login`, or by the variable HF_TOKEN.

    Args:
        folder: a preset folder, as `save_to_preset` writes it.
        address: `hf://user/name`; the repository is made where there is none.
        private: whether a new repository is private.

    Raises:
        ValueError: if it is no such address, names a revision, or the folder is no preset.
        ImportError: if huggingface_hub is not installed.
        CorruptFileError: if the weights are not those of the folder's manifest.
        HubError: if the hub cannot be reached, or refuses.
    """
    from keras_vae.zoo.presets import read_weights  # which knows of this module

    hub, target = _hub(), Address.read(address)
    if target.revision is not None:
        raise ValueError(f"{address}: an upload makes a revision of its own: leave out @{target.revision}.")
    preset_file.Preset.read(folder)
    read_weights(folder)
    with _told(hub, address):
        api = hub.HfApi()
        api.create_repo(target.repository, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=target.repository,
            folder_path=folder,
            allow_patterns=list(SIZES),
            commit_message=f"Preset {target.name}",
        )
    return f"{SCHEME}{target.repository}@{commit.oid}"


@contextlib.contextmanager
def _told(hub: Any, address: str) -> Iterator[None]:
    """Turn the errors of huggingface_hub inside the block into `HubError`, with the remedy."""
    errors = hub.errors
    try:
        yield
    except errors.GatedRepoError as error:
        raise HubError(f"{address}: its owner asks you to agree to something first, on its page.") from error
    except errors.RepositoryNotFoundError as error:
        words = "there is no such repository, or it is private and you are not logged in (hf auth login)"
        raise HubError(f"{address}: {words}.") from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"{address}: the repository has no such revision.") from error
    except (errors.HTTPError, errors.HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HubError(f"{address}: the hub could not be reached or refused ({reason}).") from error


def _hub() -> Any:
    _checks.importable("huggingface_hub", "A preset on the hub", "hub")
    import huggingface_hub
    import huggingface_hub.errors

    return huggingface_hub
