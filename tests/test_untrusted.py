"""What comes from elsewhere ends in one clear error, soon and in little memory."""

import os
import time

import pytest

from keras_vae import _untrusted


def test_a_pipe_and_a_device_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "endless"):
        with pytest.raises(ValueError, match="is no regular file"):
            _untrusted.read_bytes(tmp_path / name, 10)
    (tmp_path / "large").write_bytes(b"12345678901")
    with pytest.raises(ValueError, match="has 11 bytes: at most 10"):
        _untrusted.read_bytes(tmp_path / "large", 10)
    (tmp_path / "link").symlink_to("large")
    assert _untrusted.read_bytes(tmp_path / "link", 11) == b"12345678901"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 20 + "1" + "}" * 20, "nested too deeply"),
        ("[1]", "holds a list instead of an object"),
        ('{"a": 9223372036854775808}', "at most 64 bits"),
        (r'{"a": "\u001b[2J"}', r"holds the control character '\\x1b'"),
        (r'{"\u009b1m": 1}', "holds the control character"),
        (r'{"a": "\u202egpj.exe"}', "holds the control character"),
    ],
)
def test_json_is_one_plain_object(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        _untrusted.read_json(tmp_path / "a.json", 10**6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a" + ".a" * 400_000 + " = 1\n", "line 1 has 400000 dots"),
        ("[a" + ".'a'" * 200_000 + "]\n", "line 1 has 200000 dots"),
        ('x = {y = """\n"""" , a' + ".a" * 200_000 + " = 1}", "line 2 has 200000 dots"),
        ("x = " + "[" * 20_000 + "]" * 20_000, "nested too deeply"),
        ("x = " + "{a=" * 20_000 + "1" + "}" * 20_000, "nested too deeply"),
        ("a" + ".a" * 20 + " = 1\n", "nested too deeply"),
        ("x = 0x" + "f" * 10_000, "at most 64 bits"),
    ],
)
def test_toml_costs_little(tmp_path, text, message):
    (tmp_path / "a.toml").write_text(text)
    started = time.monotonic()
    with pytest.raises(ValueError, match=message):
        _untrusted.read_toml(tmp_path / "a.toml", 10**6)
    assert time.monotonic() - started < 5


def test_text_is_printed_without_commands():
    text = "a\x1b]0;b\x07\tc\n\x9b2Jé\u202e"
    assert _untrusted.printable(text) == "a\\x1b]0;b\\x07\tc\n\\x9b2Jé\\u202e"
