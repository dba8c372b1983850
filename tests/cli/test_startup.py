"""What a command imports, and when: nothing heavy before it has checked its arguments and has said what it does."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from keras_vae.training import Facts
from keras_vae.training.facts import write_facts

HEAVY = ("tensorflow", "keras", "tensorflow_probability", "tensorflow_datasets", "sklearn", "scipy", "matplotlib")
# The first import of a heavy package ends the command with an error that names it, so no test waits for one.
SCRIPT = f"""
import sys
class Refusing:
    def find_spec(self, name, path, target=None):
        if name in {HEAVY}:
            raise ImportError(f"imported {{name}}")
sys.meta_path.insert(0, Refusing())
sys.argv = ["keras-vae", *sys.argv[1:]]
from keras_vae.__main__ import main
try:
    main()
finally:
    there = [name for name in {HEAVY} if sys.modules.get(name)]
    assert not there, there
"""
RECIPE = """
[model]
class = "VAE"
data_shape = [8, 8, 1]
latent_size = 2
[data]
name = "folder"
[training]
epochs = 1
"""


@pytest.fixture
def here(tmp_path):
    (tmp_path / "mine.toml").write_text(RECIPE)
    (tmp_path / "pictures").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "run").mkdir()
    write_facts(tmp_path / "run", Facts(dimensions=64, steps_per_epoch=1, epochs=1, levels=2, has_kl=True))
    return tmp_path


def run(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("--version", "keras-vae "),
        ("--help", "Sample new images."),
        ("sample --help", "Sample new images."),
        ("list", "mnist_cvae"),
        ("list --family discrete", "mnist_vqvae"),
        ("list --data mnist --task swap", "mnist_swap"),
        ("list --json", '"name": "mnist_cvae"'),
        ("list --markdown", "| [mnist_cvae](zoo/mnist_cvae/README.md) |"),
        ("info mnist_cvae", "negative log-likelihood"),
        ("info mnist_cvae --json", '"figures"'),
        ("new new.toml", "Wrote new.toml"),
        ("diagnose run", "0 of 1 epochs"),
        ("reproduce", "mnist_likelihood"),
        ("reproduce mnist_conditional --dry-run", "keras-vae evaluate mnist_cvae"),
        ("reproduce mnist_conditional --recorded", "82.30"),
    ],
)
def test_what_is_told_of_files_needs_no_heavy_package(here, arguments, shown):
    done = run(here, *arguments.split())
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("sampl", "Did you mean 'sample'"),
        ("sample mnist_cvae --sed 3", "No such option: --sed"),
        ("sample mnist_cave", "Did you mean 'mnist_cvae'?"),
        ("sample mnist_cvae --n 0", "Invalid value for '--n'"),
        ("sample mnist_cvae --labels 3,x", "must be whole numbers"),
        ("info mnist_cave", "Did you mean 'mnist_cvae'?"),
        ("list --family vaes", "Did you mean 'vae'?"),
        ("list --task nothing", "No trained model is like that"),
        ("new mine.toml", "is there already"),
        ("train nowhere.toml", "nowhere.toml does not exist"),
        ("train mine.toml", "--data FOLDER"),
        ("train mine.toml --data nowhere", "nor one of the data sets"),
        ("evaluate mnist_cave", "Did you mean 'mnist_cvae'?"),
        ("evaluate mnist_cvae --data mnits", "Did you mean 'mnist'?"),
        ("evaluate mnist_cvae --preprocessing scalin", "Did you mean 'scaling'?"),
        ("evaluate mine.toml", "no preset 'mine.toml'"),
        ("reconstruct mnist_cvae nowhere.png", "nowhere.png is no file"),
        ("reconstruct mnist_cvae a.png --labels 1,2", "2 for 1 image files"),
        ("interpolate mnist_vae a.png", "two image files or more"),
        ("compare mnist_vae mnist_cave", "Did you mean 'mnist_cvae'?"),
        ("export mnist_cvae --target tpu", "target='tpu': must be one of"),
        ("export mnist_cvae --format float32", "is of one device"),
        ("diagnose nowhere", "holds no run of training"),
        ("demo --preset mnist_cave", "Did you mean 'mnist_cvae'?"),
        ("reproduce mnist_likelyhood", "Did you mean 'mnist_likelihood'?"),
    ],
)
def test_mistakes_are_told_before_anything_heavy_is_imported(here, arguments, message):
    done = run(here, *arguments.split())
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert done.stderr.startswith("Error:"), done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_recipe_without_weights_is_told_of_at_once(here):
    (here / "untrained").mkdir()
    (here / "untrained" / "preset.toml").write_text(RECIPE)
    done = run(here, "sample", "./untrained")
    assert done.stderr == "Error: untrained is a recipe without weights: train it with `keras-vae train ./untrained`.\n"


@pytest.mark.parametrize(
    ("arguments", "doing"),
    [
        ("sample mnist_cvae --json", "Loading mnist_cvae"),
        ("reconstruct mnist_cvae a.png --labels 3", "Loading mnist_cvae"),
        ("interpolate mnist_vae --data digits", "Loading mnist_vae"),
        ("traverse mnist_vae --data digits", "Loading mnist_vae"),
        ("manifold mnist_vae_2d", "Loading mnist_vae_2d"),
        ("complete mnist_quadrant_cvae --data digits_quadrants", "Loading mnist_quadrant_cvae"),
        ("swap mnist_swap", "Loading mnist_swap"),
        ("compare mnist_vae mnist_cvae --data digits", "Loading mnist_vae"),
        ("train mine.toml --data pictures", "Preparing to train mine"),
        ("evaluate mnist_cvae --data digits --json", "Evaluating mnist_cvae"),
        ("export mnist_cvae --target cpu", "Loading mnist_cvae"),
        ("demo", "Loading mnist_cvae"),
        ("reproduce mnist_conditional", "Checking the table mnist_conditional"),
        ("info ./mine", "Describing ./mine"),
    ],
)
def test_a_command_says_what_it_does_before_tensorflow_is_imported(here, arguments, doing):
    (here / "mine").mkdir()
    (here / "mine" / "preset.toml").write_text(RECIPE)  # which has no card
    done = run(here, *arguments.split())
    assert done.returncode == 1
    said, *error = done.stderr.splitlines()
    assert said == f"{doing} (starting TensorFlow, a few seconds) ..."
    assert error == ["Error: imported keras"], "the line comes first, and nothing else that is heavy before TensorFlow"
    assert done.stdout == ""


def test_drawing_imports_no_more_than_it_uses(tmp_path):
    unused = ("sklearn", "scipy.stats", "tensorflow_datasets", "pandas")
    script = (
        "import sys\nfrom keras_vae.__main__ import main\n"
        "sys.argv = ['keras-vae', 'sample', 'mnist_vae_2d', '--n', '2', '--json']\n"
        "try:\n    main()\n"
        f"finally:\n    print([name for name in {unused} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["Loading mnist_vae_2d (starting TensorFlow, a few seconds) ...", "[]"]
    assert json.loads(done.stdout)["file"] == str(tmp_path / "samples.png")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sample mnist_cv", "mnist_cvae"),
        ("list --family disc", "discrete"),
        ("list --data cif", "cifar10"),
        ("new a.toml --kind vq", "vq_vae"),
        ("evaluate mnist_cvae --preprocessing scal", "scaling"),
        ("export mnist_cvae --target serv", "server"),
        ("export mnist_cvae --format dyn", "dynamic_range"),
        ("reproduce mnist_cond", "mnist_conditional"),
    ],
)
def test_completion_needs_no_heavy_package(here, line, expected):
    asked = {
        "_KERAS_VAE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"keras-vae {line}",
        "COMP_CWORD": str(len(line.split())),
    }
    done = run(here, **asked)
    assert done.stdout.split() == [expected], done.stderr
