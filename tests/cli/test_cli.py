import contextlib
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import keras_vae
from keras_vae import ConditionalVAE, ConvVAE, lite, models, zoo
from keras_vae._backend import tf
from keras_vae.cli import app, making
from keras_vae.cli.app import console, plain_errors
from keras_vae.models import Autoencoder, HierarchicalVAE
from keras_vae.zoo.card import _duration

runner = CliRunner()

CARD = """
[card]
title = "Tiny"
targets = [{ figure = "nll", at_most = 1.0, source = "nobody" }, { figure = "nll", at_most = 1e6, source = "anybody" }]
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "tiny"
    return zoo.save_to_preset(ConditionalVAE((28, 28, 1), 10, 4), folder)


def run(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


def test_a_card_names_what_the_model_was_trained_on(monkeypatch):
    assert making._hardware().endswith(" CPU cores")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one", "two"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda card: {"device_name": "NVIDIA T4"})
    assert making._hardware() == "2 x NVIDIA T4"
    assert [_duration(seconds) for seconds in (58, 300, 9000)] == ["58 seconds", "5 minutes", "2.5 hours"]


def test_no_arguments_show_the_way():
    result = run()
    assert "sample" in result.output
    assert "train" in result.output


def test_the_version_is_told():
    assert run("--version").output.startswith(
        f"keras-vae {keras_vae.__version__} (keras {keras.__version__}, tensorflow "
    )


def test_list_names_the_trained_presets():
    assert "mnist_cvae" in run("list").output
    rows = json.loads(run("list", "--json").output)
    assert {row["name"] for row in rows} == set(zoo.list_presets())


def test_list_shows_names_whole_where_there_is_little_room(monkeypatch):
    monkeypatch.setattr(console, "width", 80)
    shown = run("list").output
    assert all(name in shown for name in zoo.list_presets())
    assert [row["name"] for row in json.loads(run("list", "--task", "swap", "--json").output)] == ["mnist_swap"]
    of_mnist = [row["name"] for row in json.loads(run("list", "--data", "mnist", "--json").output)]
    assert {"mnist_vae", "mnist_swap", "mnist_quadrant_cvae"} <= set(of_mnist)
    assert not [name for name in of_mnist if name.startswith(("cifar10", "frey"))]
    discrete = [row["name"] for row in json.loads(run("list", "--family", "discrete", "--json").output)]
    assert discrete == ["cifar10_vqvae", "cifar10_vqvae2", "mnist_vqvae"]


def test_info_shows_the_card():
    assert "negative log-likelihood" in run("info", "mnist_cvae").output
    assert json.loads(run("info", "mnist_cvae", "--json").output)["figures"]["nll"] > 0


def test_sample_and_reconstruct_write_pictures(tiny, tmp_path):
    for arguments in (
        ("sample", tiny, "--n", 2),
        ("sample", tiny, "--labels", "3,1,4", "--temperature", 0.5),
        ("reconstruct", tiny, "--data", "digits", "--n", 4),
    ):
        out = tmp_path / "out.png"
        out.unlink(missing_ok=True)
        result = run(*arguments, "--out", out)
        assert result.exit_code == 0, result.output
        assert out.read_bytes()[:4] == b"\x89PNG"


def test_the_same_seed_writes_the_same_file(tiny, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run("sample", tiny, "--out", tmp_path / name, "--seed", seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


def test_train_then_evaluate_writes_a_card_with_honest_targets(tmp_path, recipe):
    source = recipe(2, "tiny/preset.toml", CARD).parent
    result = run("train", source, "--run", tmp_path / "run", "--gif", "--verbose", 0)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "run/sheets/latest.png").exists()
    assert (tmp_path / "run/preset/curves.png").exists()
    preset = tmp_path / "run/preset"
    first = np.asarray(zoo.load(preset).sample(labels=[1], seed=0))
    # Killed after its last epoch: nothing is left to train, and all is made that comes after.
    (tmp_path / "run/training.gif").unlink()
    (tmp_path / "run/history.json").unlink()
    (tmp_path / "run/preset/.curves.png.0123abcd.part").write_text("half")
    assert run("train", source, "--run", tmp_path / "run", "--gif", "--verbose", 0).exit_code == 0
    assert sorted(path.name for path in preset.iterdir()) == [
        "curves.png",
        "model.safetensors",
        "preset.toml",
        "weights.json",
    ]
    assert (tmp_path / "run/training.gif").exists()
    np.testing.assert_array_equal(zoo.load(preset).sample(labels=[1], seed=0), first)
    result = run("evaluate", preset, "--samples", 5, "--write", "--json")
    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)
    card = (preset / "README.md").read_text()
    assert f"{metrics['figures']['nll']:.2f} nats ±" in card
    assert "| missed | nobody |" in card
    assert "| met | anybody |" in card
    # A card may be published: it names no folder of the machine that it was written on.
    assert 'keras_vae.load("runs/run/preset")' in card
    assert "keras-vae train runs/run/preset\n" in card
    assert str(tmp_path) not in card
    assert "digits test" in card


def test_the_figures_of_a_hierarchy_are_printed_by_level(tmp_path):
    preset = zoo.save_to_preset(
        HierarchicalVAE((28, 28, 1), (3, 2), num_features=8, level_units=(8,)), tmp_path / "levels"
    )
    options = ("--data", "digits", "--preprocessing", "dynamic_binarization", "--samples", 5)
    result = run("evaluate", preset, *options, "--images", 20)
    assert result.exit_code == 0, result.output
    line = next(line.strip() for line in result.output.splitlines() if "KL by level" in line)
    assert len(line.removeprefix("KL by level, the top one first").split(",")) == 2
    assert run("evaluate", preset, *options, "--write").exit_code == 0
    rates = zoo.read_metrics(preset)["figures"]["kl_by_level"]
    assert f"| KL by level, the top one first | {rates[0]:.2f}, {rates[1]:.2f} |" in (preset / "README.md").read_text()


def test_export_writes_builds_and_prints_their_proof(tiny, tmp_path):
    result = run("export", tiny, "--target", "gpu", "--out", tmp_path / "builds")
    assert result.exit_code == 0, result.output
    assert "change" in result.output
    proof = lite.read_proof(tmp_path / "builds" / "gpu")
    assert proof.origin == {"preset": "tiny", "weights_sha256": zoo.manifest(tiny)["sha256"]}
    assert proof.parity.source == "sampled from the model itself"  # the preset names no data
    result = run("export", tiny, "--target", "server", "--out", tmp_path / "builds")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "builds" / "server" / "tiny" / "1" / "saved_model.pb").is_file()
    result = run("export", tiny, "--target", "gpu", "--out", tmp_path / "builds")
    assert result.exit_code == 1
    assert "there already" in result.output


def test_an_autoencoder_is_exported_too(tmp_path):
    folder = zoo.save_to_preset(Autoencoder((28, 28, 1), 2, {"name": "mlp", "hidden_units": (4,)}), tmp_path / "code")
    arguments = ("export", folder, "--target", "cpu", "--format", "float32", "--out", tmp_path / "builds")
    result = run(*arguments)
    assert result.exit_code == 1
    assert "choose one, or a folder, with --data" in result.stderr
    result = run(*arguments, "--data", "digits")
    assert result.exit_code == 0, result.output
    assert lite.read_proof(tmp_path / "builds" / "cpu").parity.source == "digits test"


def test_export_goes_on_where_a_target_is_refused(tmp_path):
    folder = zoo.save_to_preset(
        ConvVAE((8, 8, 1), 2, filters=(4,), dense_units=(8,), likelihood="discretized_logistic"), tmp_path / "odd"
    )
    result = run("export", folder, "--out", tmp_path / "builds")
    assert result.exit_code == 0, result.output
    assert "Not for gpu: " in result.output
    assert "Not for edge: " in result.output
    assert run("export", folder, "--target", "gpu", "--out", tmp_path / "one").exit_code == 1
    assert sorted(path.name for path in (tmp_path / "builds").iterdir()) == ["cpu", "server", "web"]


def test_demo_runs_on_a_small_model(tiny, tmp_path):
    result = run("demo", "--preset", tiny, "--out", tmp_path, "--epochs", 1)
    assert result.exit_code == 0, result.output
    assert "equal, bit for bit" in result.output
    names = ["1_samples.png", "2_reconstructions.png", "3_before_and_after.png", "3_reconstructions_after.png"]
    assert sorted(path.name for path in tmp_path.glob("*.png")) == names
    assert zoo.load(tmp_path / "my_digits").num_classes == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sample", "mnist_cave"), "no preset 'mnist_cave'"),
        (("sample", "mnist_cvae", "--labels", "3,x"), "must be whole numbers"),
        (("sample", "mnist_cvae", "--labels", "3,12"), "A label is 12"),
        (("sample", "mnist_vae", "--labels", "3"), "Leave --labels out"),
        (("sample", "mnist_cvae", "--temperature", "-1"), "temperature=-1"),
        (("reconstruct", "mnist_cvae", "--data", "mnits"), "Did you mean 'mnist'?"),
        (("evaluate", "mnist_cvae", "--images", "5", "--write"), "whole test set"),
        (("train", "nowhere"), "no preset 'nowhere'"),
        (("export", "mnist_cvae", "--target", "tpu"), "target='tpu': must be one of"),
        (("export", "mnist_cvae", "--format", "float32"), "is of one device"),
        (("export", "mnist_classifier"), "it cannot be exported"),
    ],
)
def test_errors_are_one_line_with_the_remedy(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.startswith("Error:")
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sampl",), "Did you mean 'sample'"),
        (("sample",), "Missing argument 'preset'"),
        (("sample", "mnist_cvae", "--sed", 3), "No such option: --sed"),
        (("sample", "mnist_cvae", "--seed", "x"), "Invalid value for '--seed'"),
    ],
)
def test_errors_of_usage_are_one_line_too(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.startswith("Error:")
    assert "--help` shows what it takes." in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_without_a_command_the_way_is_shown():
    result = run()
    assert "Sample new images." in result.output
    assert "Error" not in result.output


def test_reproduce_lists_plans_and_prints_a_table():
    assert "mnist_likelihood" in run("reproduce").output
    assert "mnist_likelihood" in run("reproduce", "--list").output
    plan = run("reproduce", "mnist_conditional", "--dry-run", "--train").output.splitlines()
    assert plan == ["keras-vae train mnist_cvae", "keras-vae evaluate runs/mnist_cvae/preset --write"]
    assert run("reproduce", "mnist_conditional", "--dry-run").output.splitlines() == ["keras-vae evaluate mnist_cvae"]
    result = run("reproduce", "mnist_conditional", "--recorded")
    assert result.exit_code == 0
    nll = zoo.read_metrics("mnist_cvae")["figures"]["nll"]
    assert f"{nll:.2f}" in result.output
    assert "82.30" in result.output


def test_reproduce_trains_anew_and_prints_what_came_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def train(preset):
        shutil.copytree(zoo.preset_folder(preset), tmp_path / "runs" / preset / "preset")

    def evaluate(folder, write):
        assert write
        path = Path(folder) / "metrics.json"
        metrics = json.loads(path.read_text())
        path.write_text(json.dumps({**metrics, "figures": {**metrics["figures"], "nll": 79.25}}))

    monkeypatch.setattr(making, "train_preset", train)
    monkeypatch.setattr(making, "evaluate", evaluate)
    result = run("reproduce", "mnist_conditional", "--train")
    assert result.exit_code == 0
    assert "79.25" in result.output
    assert "82.30" in result.output


def test_reproduce_names_the_tables_there_are():
    result = run("reproduce", "mnist_likelyhood")
    assert result.exit_code == 1
    assert "mnist_likelihood" in result.output


@pytest.mark.parametrize(
    ("missing", "flags"), [("typer", ["-S"]), ("tensorflow", [])], ids=["no shell", "no TensorFlow"]
)
def test_without_what_it_is_built_on_a_command_ends_in_one_line(missing, flags):
    start = "from keras_vae.__main__ import main; main()"
    argv = ["keras-vae", "sample", "mnist_vae"]
    script = f"import sys; sys.modules[{missing!r}] = None; sys.argv = {argv}; {start}"
    root = str(Path(keras_vae.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, *flags, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.returncode == 1
    assert "Error:" in done.stderr
    assert missing in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_a_command_in_one_line(monkeypatch):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(zoo, "trained_preset", interrupted)
    result = run("evaluate", "mnist_vae")
    assert (result.exit_code, result.output) == (130, "Stopped.\n")


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("signal.raise_signal(signal.SIGINT)", b"\nStopped.\n"),  # while it starts
        (
            "_interrupts.end_in_order()\n"
            "try: signal.raise_signal(signal.SIGINT)\n"
            "except KeyboardInterrupt: print('in order', file=sys.stderr, flush=True)\n"
            "signal.raise_signal(signal.SIGINT)",  # once more, while it cleans up
            b"in order\n\nStopped.\n",
        ),
    ],
    ids=["once", "twice"],
)
def test_ctrl_c_ends_at_once_while_a_command_starts_and_when_it_comes_again(then, said):
    script = (
        "import signal, sys\nfrom keras_vae import _interrupts\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a job in the background has not
        f"_interrupts.end_at_once()\n{then}\nprint('not ended')"
    )
    root = str(Path(keras_vae.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", said)


def test_a_command_inside_a_command_tells_its_error_once(capsys):
    with pytest.raises(typer.Exit), plain_errors(), plain_errors():
        raise ValueError("what and how")
    assert capsys.readouterr().err == "Error: what and how\n"


def test_a_terminal_shows_what_is_being_done(tmp_path):
    """Not a pipe: there the words that come and go would stay."""
    command = [
        sys.executable,
        "-m",
        "keras_vae",
        "sample",
        "mnist_vae_2d",
        "--n",
        "4",
        "--out",
        str(tmp_path / "a.png"),
    ]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # the terminal is gone with the process
            while part := os.read(ours, 1024):
                seen += part
        said = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0
    for words in (b"starting TensorFlow", b"loading mnist_vae_2d", b"drawing"):
        assert words in seen, words
    assert said.startswith("Wrote ")


def test_words_for_labels_are_those_of_as_many_classes():
    domains = models.MultiDomainAutoencoder((28, 28, 1), 2, 2)
    assert making._words_for_labels(domains, (), "digits_outlines") == ("plain", "outlined")
    assert making._words_for_labels(ConditionalVAE((28, 28, 1), 10, 2), (), "digits_outlines") == ()
    assert making._words_for_labels(Autoencoder((28, 28, 1), 2), (), "digits_outlines") == ()
    assert making._words_for_labels(Autoencoder((28, 28, 1), 2), ("cat", "dog"), object()) == (), "it has no labels"
    assert making._words_for_labels(domains, ("cat", "dog"), object()) == ("cat", "dog"), "class folders"
    assert making._words_for_labels(domains, (), object()) == (), "a folder names its own"
