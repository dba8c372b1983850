"""Putting a preset folder on the Hugging Face hub."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_vae import _untrusted
from keras_vae.zoo import fetch
from keras_vae.zoo.fetch import HubError
from keras_vae.zoo.files import CARD, WEIGHTS
from keras_vae.zoo.hub import SCHEME, SIZES, Address
from keras_vae.zoo.hub_card import with_metadata
from keras_vae.zoo.preset_file import Preset
from keras_vae.zoo.presets import read_weights


def upload(folder: str | Path | Preset, address: str, private: bool = False) -> str:
    """Put a preset folder on the hub, in one commit; returns its address with that commit.

    Its model card, if it has one, gets the hub's metadata at its head: task, data set, metrics.

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
    hub, target = fetch.hub(), Address.read(address)
    if target.revision is not None:
        raise ValueError(f"{address}: an upload makes a revision of its own: leave out @{target.revision}.")
    preset = folder if isinstance(folder, Preset) else Preset.parse(folder)
    preset.check()
    read_weights(preset)
    files: dict[str, Any] = {name: preset.folder / name for name in SIZES if (preset.folder / name).is_file()}
    files[WEIGHTS] = preset.weights_file()
    if CARD in files:
        files[CARD] = with_metadata(files[CARD].read_text(encoding="utf-8"), preset, target.name).encode()
    with _told(hub, address):
        api = hub.HfApi()
        api.create_repo(target.repository, private=private, exist_ok=True)
        commit = api.create_commit(
            repo_id=target.repository,
            operations=[hub.CommitOperationAdd(name, file) for name, file in files.items()],
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
        raise HubError(f"{address}: {fetch.WORDS['GatedRepo']}.") from error
    except errors.RepositoryNotFoundError as error:
        raise HubError(f"{address}: {fetch.WORDS['RepoNotFound']}.") from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"{address}: {fetch.WORDS['RevisionNotFound']}.") from error
    except (errors.HTTPError, errors.HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        token = hub.get_token()
        reason = (
            reason.replace(token, "...") if token else reason
        )  # the words are the server's, which was told the token
        raise HubError(
            f"{address}: the hub could not be reached or refused ({_untrusted.printable(reason)[:300]})."
        ) from error
