"""Files and folders that are written whole or not at all, whatever ends their writer."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import keras_vae
from keras_vae import _files, _locks

ROOT = str(Path(keras_vae.__file__).parents[1])


def killed(script, folder):
    """Run lines of Python in a process that kills itself with them, in `folder`."""
    start = "import os, signal\nfrom pathlib import Path\nfrom keras_vae import _files, _locks\n"
    start += "die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
    environment = {**os.environ, "PYTHONPATH": ROOT}
    done = subprocess.run([sys.executable, "-c", start + script], cwd=folder, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL


def tree(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("a.txt", "b.txt", "large.bin"):
        (folder / name).write_text("old")
    return folder


@pytest.mark.parametrize(
    ("umask", "file", "folder"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700), (0o002, 0o664, 0o775)]
)
def test_rights_are_those_of_the_umask(tmp_path, umask, file, folder):
    before = os.umask(umask)
    try:
        _files.write_json(tmp_path / "a.json", [1])
        with _files.replacing_folder(tmp_path / "b", overwrite=False) as part:
            _files.write_text(part / "c.txt", "new")
    finally:
        os.umask(before)
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "a.json", tmp_path / "b" / "c.txt", tmp_path / "b")]
    assert modes == [file, file, folder]


def test_the_next_writer_removes_what_a_killed_one_left_and_nothing_else(tmp_path):
    others = {".a.txt.part", ".a.txt.notes", ".b.txt.0123abcd.part", "a.txt.part"}
    for name in others:
        (tmp_path / name).write_text("mine")
    killed("with _files.replacing('a.txt') as part: part.write_text('half'); die()", tmp_path)
    assert len(os.listdir(tmp_path)) == len(others) + 1
    with _files.replacing(tmp_path / "a.txt") as first:  # a writer that lives keeps its own
        first.write_text("first")
        _files.write_text(tmp_path / "a.txt", "second")
        assert first.exists()
    assert tree(tmp_path) == {"a.txt": "first"} | dict.fromkeys(others, "mine")


@pytest.mark.parametrize(("step", "found"), [("_swap", "old"), ("shutil.rmtree", "new")])
def test_a_killed_exchange_leaves_one_whole_folder_under_its_name(mine, step, found):
    killed(
        "with _files.replacing_folder('mine', overwrite=True) as part:\n"
        f"    (part / 'a.txt').write_text('new'); _files.{step} = die\n",
        mine.parent,
    )
    assert tree(mine)["a.txt"] == found
    with _files.replacing_folder(mine, overwrite=True) as part:
        (part / "a.txt").write_text("newer")
    assert tree(mine) == {"a.txt": "newer"}
    assert os.listdir(mine.parent) == ["mine"]


def test_without_an_exchange_folders_are_renamed_one_after_the_other(mine, monkeypatch):
    def cannot(first, second):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(_files, "_swap", cannot)
    with _files.replacing_folder(mine, overwrite=True) as part:
        (part / "a.txt").write_text("new")
    assert tree(mine) == {"a.txt": "new"}
    assert os.listdir(mine.parent) == ["mine"]


def test_a_folder_that_appears_meanwhile_is_replaced_only_where_that_was_asked_for(tmp_path):
    for overwrite in (False, True):
        with (
            pytest.raises(FileExistsError, match="theirs is there already")
            if not overwrite
            else contextlib.nullcontext(),
            _files.replacing_folder(tmp_path / "theirs", overwrite=overwrite) as part,
        ):
            (part / "a.txt").write_text("new")
            (tmp_path / "theirs").mkdir(exist_ok=True)
            (tmp_path / "theirs" / "b.txt").write_text("theirs")
        assert tree(tmp_path / "theirs") == ({"a.txt": "new"} if overwrite else {"b.txt": "theirs"})
    assert os.listdir(tmp_path) == ["theirs"]


def test_a_link_to_a_folder_stays_a_link(mine, tmp_path):
    (tmp_path / "link").symlink_to(mine)
    with _files.replacing_folder(tmp_path / "link", overwrite=True) as part:
        (part / "a.txt").write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert tree(mine) == {"a.txt": "new"}


def test_the_working_directory_is_not_replaced(mine, monkeypatch):
    monkeypatch.chdir(mine)
    with pytest.raises(OSError, match="working directory"), _files.replacing_folder(".", overwrite=True):
        pass
    number = mine.stat().st_ino
    _files.write_together(".", {"a.txt": "new", "b.txt": "new"})
    assert tree(mine) == {"a.txt": "new", "b.txt": "new", "large.bin": "old"}
    assert mine.stat().st_ino == number


@pytest.mark.parametrize(("step", "found"), [("_mirror", "old"), ("_swap", "old"), ("shutil.rmtree", "new")])
def test_files_written_together_are_all_old_or_all_new(mine, step, found):
    (mine / "sub").mkdir()
    number = (mine / "large.bin").stat().st_ino
    script = "_files.write_together('mine', {'a.txt': 'new', 'b.txt': 'new'})"
    killed(f"_files.{step} = die\n{script}", mine.parent)
    assert (mine / "a.txt").read_text() == (mine / "b.txt").read_text() == found
    _files.write_together(mine, {"a.txt": "newer", "b.txt": "newer"})
    assert [(mine / name).read_text() for name in ("a.txt", "b.txt", "large.bin")] == ["newer", "newer", "old"]
    assert (mine / "large.bin").stat().st_ino == number, "a large file is not copied"
    assert sorted(os.listdir(mine)) == ["a.txt", "b.txt", "large.bin", "sub"]
    assert os.listdir(mine.parent) == ["mine"]


def test_a_folder_that_is_replaced_while_it_is_read_is_read_anew(mine):
    found = []

    def read():
        found.append((mine / "a.txt").read_text())
        if len(found) == 1:
            with _files.replacing_folder(mine, overwrite=True) as part:
                (part / "a.txt").write_text("new")
            (mine / "b.txt").read_text()  # is gone
        return found[-1]

    assert _files.read_unchanged(mine, read) == "new"
    with pytest.raises(FileNotFoundError, match="none"):
        _files.read_unchanged(mine, (mine / "none").read_text)


def test_files_of_a_folder_that_cannot_be_moved_are_written_where_it_is(mine, monkeypatch):
    def mounted(first, second):
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(_files, "_swap", mounted)
    _files.write_together(mine, {"a.txt": "new", "b.txt": "new"})
    assert tree(mine) == {"a.txt": "new", "b.txt": "new", "large.bin": "old"}
    assert os.listdir(mine.parent) == ["mine"]


def test_a_full_disk_is_told_and_leaves_what_was_there(mine, full_disk):
    words = r"Could not write .*\(.*File too large.*unharmed\. Free some space"
    with full_disk(), pytest.raises(OSError, match=words):
        _files.write_text(mine / "a.txt", "x" * 2000)
    with full_disk(), pytest.raises(OSError, match=words.replace("write ", "write a.txt and b.txt of ")):
        _files.write_together(mine, {"a.txt": "new", "b.txt": "x" * 2000})
    assert tree(mine) == dict.fromkeys(("a.txt", "b.txt", "large.bin"), "old")
    assert os.listdir(mine.parent) == ["mine"]


def test_one_process_at_a_time(tmp_path):
    path = tmp_path / "run.lock"
    with _locks.alone(path):
        words = rf"in use by another process \(number {os.getpid()}\): wait until it ends, stop it, or choose another folder"
        with pytest.raises(OSError, match=words), _locks.alone(path, 0.0):
            pass
    assert not path.exists()
    killed("with _locks.alone(Path('run.lock')): die()", tmp_path)
    assert path.exists()
    with _locks.alone(path, 0.0):  # the system released the dead one's
        pass
    assert not path.exists()


def test_a_process_that_is_about_to_end_is_waited_for(tmp_path):
    script = "import time\nfrom pathlib import Path\nfrom keras_vae import _locks\n"
    script += "with _locks.alone(Path('run.lock')): print('in', flush=True); time.sleep(0.5)"
    environment = {**os.environ, "PYTHONPATH": ROOT}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.warns(UserWarning, match=rf"\(number {other.pid}\): waiting"), _locks.alone(tmp_path / "run.lock"):
            pass
