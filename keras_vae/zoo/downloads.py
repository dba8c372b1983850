"""Downloads of files whose SHA-256 and size are known beforehand: bounded in time and bytes, and resumed after an interruption."""

import contextlib
import hashlib
import ipaddress
import os
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_vae import _bounded, _locks, _untrusted

Progress = Callable[[int, int], Any]
"""Is told how many bytes are there, and of how many."""

_SILENCE = 20.0
"""Seconds without a byte."""
_START_SECONDS, _BYTES_PER_SECOND = 60.0, 20_000
"""A download may take the first, and a second for each of so many bytes."""
_ATTEMPTS = 3
_REDIRECTS = 5
_CHUNK = 64 * 1024


class DownloadError(RuntimeError):
    """A file could not be downloaded, or is not the one that was asked for."""


class _Retry(Exception):
    """The connection broke: what is there can be continued."""


def download(url: str, path: Path, sha256: str, size: int, progress: Progress | None = None) -> None:
    """Write the file at a URL to `path`, whole and verified or not at all.

    What an interrupted download left (`path` with the suffix `.part`) is continued. Processes that want the same file wait for each
    other. An error leaves nothing behind.

    Args:
        url: https, or http on this machine.
        path: where to; its folder is made.
        sha256: of the file, in hexadecimal.
        size: in bytes.
        progress: is told how far it is.

    Raises:
        DownloadError: if the server cannot be reached, does not have the file, sends another one, or takes too long.
        OSError: if the file cannot be written.
    """
    _check_allowed(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with _locks.alone(path.with_name(f"{path.name}.lock"), seconds=_START_SECONDS + size / _BYTES_PER_SECOND):
        if path.is_file() and _sha256_of(path) == sha256:
            return  # another process was faster
        try:
            _fill(url, part, size, progress)
            found = _sha256_of(part)
            if found != sha256:
                raise DownloadError(
                    f"{url}: what was sent has the SHA-256 {found}, and {sha256} was asked for. It is not kept: the server has "
                    "another file, or a damaged one."
                )
            os.replace(part, path)
        except Exception:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise


def _fill(url: str, part: Path, size: int, progress: Progress | None) -> None:
    """Bring `part` to its whole size, in several attempts."""
    if part.exists() and (not part.is_file() or part.is_symlink() or part.stat().st_size > size):
        part.unlink()
    for attempt in range(_ATTEMPTS):
        try:
            seconds = _START_SECONDS + size / _BYTES_PER_SECOND
            _bounded.in_time(seconds, lambda stop: _receive(url, part, size, progress, stop))
            return
        except TimeoutError as error:
            raise DownloadError(f"{url}: took {error}. Try again with a better connection.") from None
        except _Retry as error:
            if attempt + 1 == _ATTEMPTS:
                raise DownloadError(f"{url}: {error}. Try again.") from error.__cause__
            time.sleep(attempt)


def _receive(url: str, part: Path, size: int, progress: Progress | None, stop: threading.Event) -> None:
    """Append to `part` what it lacks, as the server sends it."""
    import requests

    have = part.stat().st_size if part.exists() else 0
    if have == size:
        return
    try:
        with contextlib.closing(_answer(url, have)) as answer:
            if answer.status_code == 416 or (answer.status_code == 206 and not _continues(answer, have, size)):
                part.unlink(missing_ok=True)
                raise _Retry("the server cannot continue a download")
            if answer.status_code >= 500:
                raise _Retry(f"the server has a fault (status {answer.status_code})")
            if answer.status_code not in (200, 206):
                raise DownloadError(f"{url}: the server does not send the file (status {answer.status_code}).")
            have = have if answer.status_code == 206 else 0
            announced = answer.headers.get("Content-Length", "")
            if announced.isdecimal() and have + int(announced) != size:
                raise DownloadError(
                    f"{url}: the server announces {have + int(announced)} bytes, and the file has {size}. Is it a page, or another "
                    "file?"
                )
            with part.open("ab" if have else "wb") as file:
                for chunk in answer.raw.stream(_CHUNK, decode_content=False):
                    if stop.is_set():
                        return
                    have += len(chunk)
                    if have > size:
                        raise DownloadError(f"{url}: the server sends more than the {size} bytes of the file.")
                    file.write(chunk)
                    if progress is not None:
                        progress(have, size)
    except (requests.RequestException, OSError) as error:
        if not isinstance(error, requests.RequestException | ConnectionError | TimeoutError):
            raise  # of the disk
        raise _Retry(_reason(error)) from error
    except Exception as error:
        if type(error).__module__.startswith("urllib3"):
            raise _Retry(_reason(error)) from error
        raise
    if have != size:
        raise _Retry(f"the server ended after {have} of {size} bytes")


def _answer(url: str, start: int) -> Any:
    """The answer to a request for the bytes from `start` on, after redirects that are allowed."""
    import requests

    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    first = url
    with requests.Session() as session:
        for _ in range(_REDIRECTS):
            try:
                answer = session.get(url, headers=headers, stream=True, allow_redirects=False, timeout=_SILENCE)
            except ValueError as error:  # it looks at where a redirect leads
                if isinstance(error, requests.RequestException):
                    raise
                raise DownloadError(f"{first}: redirects to what is not an https address.") from error
            if not answer.is_redirect:
                return answer
            answer.close()
            url = _redirected(first, url, answer.headers["Location"])
    raise DownloadError(f"{first}: the server redirects again and again.")


def _continues(answer: Any, start: int, size: int) -> bool:
    """Whether a partial answer has the bytes that were asked for."""
    return bool(answer.headers.get("Content-Range", "").strip() == f"bytes {start}-{size - 1}/{size}")


def _check_allowed(url: str) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        parts = urllib.parse.urlsplit("")
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and _is_here(parts.hostname):
        return
    raise DownloadError(f"{url}: must be an address that begins with https://.")


def _redirected(first: str, url: str, location: str) -> str:
    """Where a redirect leads. It stays with https, and leads to no machine of an inner network that was not asked for."""
    shown = _untrusted.printable(location)[:200]
    try:
        url = urllib.parse.urljoin(url, location)
        _check_allowed(url)
    except (DownloadError, ValueError):
        raise DownloadError(f"{first}: redirects to {shown}, which is not an https address.") from None
    before, after = urllib.parse.urlsplit(first), urllib.parse.urlsplit(url)
    if after.hostname != before.hostname and not _is_public(str(after.hostname)):
        raise DownloadError(f"{first}: redirects to {shown}, a machine of an inner network. This is not followed.")
    return url


def _addresses(host: str) -> list[Any]:
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return []
    return [ipaddress.ip_address(str(address).partition("%")[0]) for address in found]


def _is_here(host: str) -> bool:
    found = _addresses(host)
    return bool(found) and all(address.is_loopback for address in found)


def _is_public(host: str) -> bool:
    # A host that is not known cannot be reached either, which the request says better.
    return all(address.is_global for address in _addresses(host))


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: BaseException) -> str:
    lines = _untrusted.printable(str(error)).splitlines() or [type(error).__name__]
    return f"the server could not be reached, or broke off ({lines[0][:200]})"
