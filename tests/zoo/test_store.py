"""The store of blobs, and downloads from a server that does everything wrong."""

import contextlib
import hashlib
import http.server
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from keras_vae.zoo import downloads, store
from keras_vae.zoo.downloads import DownloadError, download

CONTENT = bytes(range(256)) * 4000  # 1 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


class _Handler(http.server.BaseHTTPRequestHandler):
    """Behaves as the path says: /behaviour/SHA256."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        behaviour = self.path.split("/")[1]
        self.server.asked.append((behaviour, self.headers.get("Range")))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, f"_{behaviour}")()
        self.close_connection = True

    def _send(self, body, status=200, length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length != "none":
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _good(self):
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if start:
            self._send(CONTENT[start:], 206, Content_Range=f"bytes {start}-{SIZE - 1}/{SIZE}")
        else:
            self._send(CONTENT)

    def _ignores_ranges(self):
        self._send(CONTENT)

    def _truncated(self):
        self._send(CONTENT[: SIZE // 2], length=SIZE)

    def _truncated_once(self):
        if len(self.server.asked) == 1:
            self._truncated()
        else:
            self._good()

    def _corrupted(self):
        self._send(CONTENT[:-1] + b"x")

    def _endless(self):
        self._send(b"", length="none")
        while True:
            self.wfile.write(CONTENT)

    def _slow(self):
        self._send(b"", length=SIZE)
        while True:
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def _silent(self):
        time.sleep(3)

    def _wrong_length(self):
        self._send(CONTENT[:-5])

    def _huge_length(self):
        self._send(b"x", length=10**13)

    def _missing(self):
        self._send(b"nothing here", 404)

    def _broken(self):
        self._send(b"oh", 500)

    def _html(self):
        self._send(b"<html>log in</html>", Content_Type="text/html")

    def _html_chunked(self):
        self._send(b"<html>log in</html>", length="none", Content_Type="text/html")

    def _wrong_range(self):
        self._send(CONTENT[5:], 206, Content_Range=f"bytes 5-{SIZE - 1}/{SIZE}")

    def _compressed(self):
        import gzip

        self._send(gzip.compress(CONTENT), Content_Encoding="gzip")

    def _to_file(self):
        self._send(b"", 302, Location="file:///etc/passwd")

    def _to_ftp(self):
        self._send(b"", 302, Location="ftp://example.com/x")

    def _to_http(self):
        self._send(b"", 302, Location="http://example.com/x")

    def _to_metadata(self):
        self._send(b"", 302, Location="https://169.254.169.254/latest")

    def _to_inner(self):
        self._send(b"", 302, Location="https://10.0.0.1/x")

    def _in_circles(self):
        self._send(b"", 302, Location=self.path)

    def _to_good(self):
        self._send(b"", 302, Location=f"/good/{SHA256}")

    def _escapes(self):
        self._send(b"", 302, Location="ftp://\x1b[31mred/x")


@pytest.fixture
def server():
    with _Server(("127.0.0.1", 0), _Handler) as running:
        running.asked = []
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        running.url = f"http://127.0.0.1:{running.server_address[1]}"
        yield running
        running.shutdown()


@pytest.fixture
def impatient(monkeypatch):
    """Waits no longer than a test should."""
    monkeypatch.setattr(downloads, "_SILENCE", 0.5)
    monkeypatch.setattr(downloads, "_START_SECONDS", 2.0)
    monkeypatch.setattr(downloads, "_BYTES_PER_SECOND", 10**7)


def _left(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("behaviour", ["good", "to_good", "truncated_once", "ignores_ranges"])
def test_the_right_bytes_arrive(server, tmp_path, behaviour):
    told = []
    download(f"{server.url}/{behaviour}/{SHA256}", tmp_path / "x", SHA256, SIZE, lambda *now: told.append(now))
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert _left(tmp_path) == ["x"]
    assert told[-1] == (SIZE, SIZE)
    if behaviour == "truncated_once":
        assert server.asked == [(behaviour, None), (behaviour, f"bytes={SIZE // 2}-")]


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("truncated", f"broke off|ended after {SIZE // 2} of {SIZE} bytes"),
        ("corrupted", "has the SHA-256 .* was asked for"),
        ("endless", f"more than the {SIZE} bytes"),
        ("slow", "took longer than 2 seconds"),
        ("silent", "could not be reached"),
        ("wrong_length", f"announces {SIZE - 5} bytes, and the file has {SIZE}"),
        ("huge_length", "announces 10000000000000 bytes"),
        ("missing", "status 404"),
        ("broken", "status 500"),
        ("html", "announces 19 bytes.*Is it a page"),
        ("html_chunked", "ended after 19 of"),
        ("wrong_range", "cannot continue"),
        ("compressed", "announces"),
        ("to_file", "redirects to file:///etc/passwd, which is not an https address"),
        ("to_ftp", "redirects to ftp://example.com/x, which is not an https address"),
        ("to_http", "redirects to http://example.com/x, which is not an https address"),
        ("to_metadata", "a machine of an inner network"),
        ("to_inner", "a machine of an inner network"),
        ("in_circles", "redirects again and again"),
        ("escapes", "not an https address"),
    ],
)
def test_what_a_server_does_wrong_is_one_clear_error_and_leaves_nothing(server, tmp_path, behaviour, message, request):
    if behaviour in ("slow", "silent"):
        request.getfixturevalue("impatient")
    started = time.monotonic()
    with pytest.raises(DownloadError, match=message) as error:
        download(f"{server.url}/{behaviour}/{SHA256}", tmp_path / "x", SHA256, SIZE)
    assert "\x1b" not in str(error.value)
    assert time.monotonic() - started < 60  # it ended, whatever the server does
    assert _left(tmp_path) == []


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "file:///etc/passwd", "ftp://example.com/x", "x", "https:///x"]
)
def test_addresses_that_are_not_https_are_refused(url, tmp_path):
    with pytest.raises(DownloadError, match="must be an address that begins with https"):
        download(url, tmp_path / "x", SHA256, SIZE)


def test_nobody_there_is_an_error(tmp_path):
    with pytest.raises(DownloadError, match="could not be reached"):
        download("http://127.0.0.1:1/x", tmp_path / "x", SHA256, SIZE)


def test_a_download_that_was_killed_goes_on(server, tmp_path):
    (tmp_path / "x.part").write_bytes(CONTENT[:300_000])
    download(f"{server.url}/good/{SHA256}", tmp_path / "x", SHA256, SIZE)
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert server.asked == [("good", "bytes=300000-")]
    assert _left(tmp_path) == ["x"]


@pytest.mark.parametrize("part", [b"wrong" * 1000, CONTENT + b"more"], ids=["other", "longer"])
def test_a_part_of_something_else_does_no_harm(server, tmp_path, part):
    (tmp_path / "x.part").write_bytes(part)
    if len(part) > SIZE:
        download(f"{server.url}/good/{SHA256}", tmp_path / "x", SHA256, SIZE)
    else:
        with pytest.raises(DownloadError, match="has the SHA-256"):
            download(f"{server.url}/good/{SHA256}", tmp_path / "x", SHA256, SIZE)
        download(f"{server.url}/good/{SHA256}", tmp_path / "x", SHA256, SIZE)  # from the beginning
    assert (tmp_path / "x").read_bytes() == CONTENT


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_process_that_is_killed_leaves_a_part_that_is_continued(server, tmp_path):
    script = (
        "import sys, os, signal\nfrom pathlib import Path\nfrom keras_vae.zoo.downloads import download\n"
        "def stop(have, size):\n    if have > size // 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"download(sys.argv[1], Path(sys.argv[2]), {SHA256!r}, {SIZE}, stop)\n"
    )
    url = f"{server.url}/good/{SHA256}"
    done = subprocess.run([sys.executable, "-c", script, url, str(tmp_path / "x")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "x").exists()
    download(url, tmp_path / "x", SHA256, SIZE)
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert server.asked[-1][1] is not None  # it asked for the rest
    assert _left(tmp_path) == ["x"]


def _fetch(url, path):
    download(url, path, SHA256, SIZE)


def test_two_processes_at_once_ask_once(server, tmp_path):
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_fetch, args=(f"{server.url}/good/{SHA256}", tmp_path / "x")) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert server.asked == [("good", None)]


def test_a_full_disk_is_the_systems_error_and_leaves_nothing(server, tmp_path, full_disk):
    with full_disk(10_000), pytest.raises(OSError, match="File too large"):
        download(f"{server.url}/good/{SHA256}", tmp_path / "x", SHA256, SIZE)
    assert _left(tmp_path) == []


# -- the store -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def places(tmp_path, monkeypatch):
    """An empty cache and an empty folder, and no variable set."""
    for name in (store.STORE, store.OFFLINE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(store.CACHE, str(tmp_path / "cache"))
    (tmp_path / "folder").mkdir()
    return tmp_path


def test_what_is_nowhere_is_an_error_with_the_ways_to_get_it(places):
    with pytest.raises(store.MissingBlobError) as error:
        store.find(SHA256, SIZE, "mnist_vae")
    message = str(error.value)
    assert message.startswith("mnist_vae: its weights (1.0 MB) are not on this machine.")
    for remedy in ("pip install keras-vae-zoo", store.STORE, "clone of the repository"):
        assert remedy in message


def test_a_folder_has_it(places, monkeypatch):
    monkeypatch.setenv(store.STORE, f"{places / 'other'}, {places / 'folder'}")
    (places / "folder" / SHA256).write_bytes(CONTENT)
    assert store.find(SHA256, SIZE, "x") == places / "folder" / SHA256


def test_an_address_has_it_and_the_cache_keeps_it(places, monkeypatch, server):
    monkeypatch.setenv(store.STORE, f"{server.url}/missing,{server.url}/good/")
    path = store.find(SHA256, SIZE, "x")
    assert path == places / "cache" / SHA256
    assert path.read_bytes() == CONTENT
    count = len(server.asked)
    monkeypatch.setenv(store.OFFLINE, "1")
    assert store.find(SHA256, SIZE, "x") == path
    assert len(server.asked) == count


def test_offline_asks_nobody(places, monkeypatch, server):
    monkeypatch.setenv(store.STORE, f"{server.url}/good")
    monkeypatch.setenv(store.OFFLINE, "1")
    with pytest.raises(store.MissingBlobError, match="The network is not used, because KERAS_VAE_OFFLINE is 1"):
        store.find(SHA256, SIZE, "x")
    assert server.asked == []
    monkeypatch.setenv(store.OFFLINE, "yes")
    with pytest.raises(ValueError, match="KERAS_VAE_OFFLINE='yes': must be 1"):
        store.find(SHA256, SIZE, "x")


def test_all_addresses_that_failed_are_named(places, monkeypatch, server):
    monkeypatch.setenv(store.STORE, f"{server.url}/missing,{server.url}/html")
    with pytest.raises(DownloadError, match="x could not be fetched.*status 404.*Is it a page"):
        store.find(SHA256, SIZE, "x")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user who may not write everywhere")
def test_a_cache_that_cannot_be_written_is_named_with_the_remedy(places, monkeypatch, server):
    monkeypatch.setenv(store.STORE, f"{server.url}/good")
    (places / "cache").mkdir(mode=0o500)
    with pytest.raises(OSError, match="cannot be kept in .*cache.*KERAS_VAE_CACHE"):
        store.find(SHA256, SIZE, "x")


def test_a_file_where_the_cache_should_be_is_named_with_the_remedy(places, monkeypatch, server):
    monkeypatch.setenv(store.STORE, f"{server.url}/good")
    (places / "cache").write_text("x")
    with pytest.raises(OSError, match="cannot be kept in .*cache.*KERAS_VAE_CACHE"):
        store.find(SHA256, SIZE, "x")


def test_a_data_wheel_has_it(places, monkeypatch):
    site = places / "site"
    (site / "some_wheel" / "blobs").mkdir(parents=True)
    (site / "some_wheel" / "__init__.py").touch()
    (site / "some_wheel" / "blobs" / SHA256).write_bytes(CONTENT)
    (site / "some_wheel-1.0.dist-info").mkdir()
    (site / "some_wheel-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: some-wheel\nVersion: 1.0\n"
    )
    (site / "some_wheel-1.0.dist-info" / "entry_points.txt").write_text(f"[{store.GROUP}]\nsome = some_wheel\n")
    monkeypatch.syspath_prepend(site)
    assert store.find(SHA256, SIZE, "x") == site / "some_wheel" / "blobs" / SHA256


@pytest.mark.parametrize(
    ("sha256", "size", "message"),
    [
        ("../../etc/passwd", 5, "sha256="),
        ("A" * 64, 5, "sha256="),
        (None, 5, "sha256="),
        (SHA256, 0, "size"),
        (SHA256, 10**12, "size"),
    ],
)
def test_wrong_arguments_are_refused(places, sha256, size, message):
    with pytest.raises(ValueError, match=message):
        store.find(sha256, size, "x")


def test_a_store_of_another_scheme_is_refused(places, monkeypatch):
    monkeypatch.setenv(store.STORE, "ftp://example.com")
    with pytest.raises(ValueError, match="KERAS_VAE_STORE has 'ftp://example.com'"):
        store.find(SHA256, SIZE, "x")
