"""Reading from the hub, bounded in time and in the bytes that really arrive.

huggingface_hub downloads what a server sends for as long as it sends, and names the file in its cache as the server says. So its
connection and its login are used here, not its downloads.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from keras_vae import _bounded, _checks, _untrusted

_SILENCE = 20.0  # seconds without a byte
_LISTING_SECONDS, _LISTING_BYTES = 60.0, 5_000_000
_REDIRECTS = 10
_BYTES_PER_SECOND = 20_000  # the slowest connection that is waited for

WORDS = {
    "GatedRepo": "its owner asks you to agree to something first, on its page",
    "RepoNotFound": "there is no such repository, or it is private and you are not logged in (hf auth login)",
    "RevisionNotFound": "the repository has no such revision",
    "EntryNotFound": "a file that the hub lists is not there",
}
"""What is wrong, by the hub's own codes."""


class HubError(RuntimeError):
    """The hub cannot be reached, does not have the preset, or does not take it."""


def hub() -> Any:
    """huggingface_hub.

    Raises:
        ImportError: if it is not installed, with the remedy.
    """
    with _checks.extra("hub", "A preset on the hub"):
        import huggingface_hub.constants
        import huggingface_hub.errors
        import huggingface_hub.utils

    return huggingface_hub


def json_of(address: str, url: str) -> dict[str, Any]:
    """The JSON object at a URL; `address` is what the user knows it as.

    Raises:
        HubError: if it does not come in time, is too large, or is no JSON object.
    """
    chunks: list[bytes] = []
    _in_time(address, _LISTING_SECONDS, lambda stop: chunks.extend(_chunks(address, url, _LISTING_BYTES, stop)))
    try:
        found = json.loads(b"".join(chunks))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HubError(f"{address}: the answer is not the hub's (no JSON object). Is a login page or a proxy between?")
    return found


def to_file(address: str, url: str, path: Path, size: int, commit: str) -> None:
    """Write the file at a URL, which must have so many bytes and be of that commit, to `path`.

    Raises:
        HubError: if it does not come in time, has another size or is of another commit.
        OSError: if it cannot be written.
    """

    def write(stop: threading.Event) -> None:
        with path.open("wb") as file:
            written = 0
            for chunk in _chunks(address, url, size, stop, commit):
                written += file.write(chunk)
        if written != size:
            raise HubError(f"{address}: {path.name} ended after {written} of {size} bytes. Try again.")

    _in_time(address, _LISTING_SECONDS + size / _BYTES_PER_SECOND, write)


def _chunks(address: str, url: str, maximum: int, stop: threading.Event, commit: str | None = None) -> Iterator[bytes]:
    """The bytes at a URL as they come, at most `maximum`."""
    # As it lies on the server: a few compressed bytes could become any number.
    headers = {**hub().utils.build_hf_headers(), "Accept-Encoding": "identity"}
    try:
        client = hub().get_session()
        request = client.build_request("GET", url, headers=headers, timeout=_SILENCE)
        for _ in range(_REDIRECTS):
            with contextlib.closing(client.send(request, stream=True, follow_redirects=False)) as answer:
                if commit is not None and answer.headers.get("X-Repo-Commit", commit) != commit:
                    raise HubError(f"{address}: the hub answers with a file of another commit.")
                if answer.next_request is not None:
                    # Followed here: the client would read all of the redirect's body. To another host it sends no token.
                    request = answer.next_request
                    continue
                if answer.status_code != 200:
                    refused = f"the hub refused (status {answer.status_code})"
                    raise HubError(f"{address}: {WORDS.get(answer.headers.get('X-Error-Code', ''), refused)}.")
                count = 0
                for chunk in answer.iter_raw():
                    count += len(chunk)
                    if count > maximum:
                        raise HubError(f"{address}: the hub sends more than the {maximum} bytes that are taken.")
                    if stop.is_set():
                        return
                    yield chunk
                return
        raise HubError(f"{address}: the hub redirects again and again.")
    except HubError:
        raise
    except Exception as error:  # whatever the client raises about what a server sent
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise HubError(
            f"{address}: the hub could not be reached or refused ({_untrusted.printable(reason)[:300]})."
        ) from error


def _in_time(address: str, seconds: float, work: Callable[[threading.Event], Any]) -> None:
    """Do `work`, which is told when to stop, for at most so many seconds."""
    try:
        _bounded.in_time(seconds, work)
    except TimeoutError as error:
        raise HubError(f"{address}: the hub took {error}. Try again with a better connection.") from None
