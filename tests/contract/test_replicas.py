"""Under a `tf.distribute` strategy every class trains, scores and reconstructs as in one process, also when batches are ragged."""

import json
import os
import subprocess
import sys

import pytest

from tests.contract.cases import AUTOENCODERS, CASES, QUANTIZED, one_of_each_class

# Each replica draws its own noise; narrow posteriors do not silence that of a corruption, a code or a Monte Carlo KL.
NOISY = ("denoising", "stacked", "swap", "vade", "hierarchical")


# All of them read what one process has found.
pytestmark = pytest.mark.xdist_group("replicas")


@pytest.fixture(scope="module")
def found():
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.replicas"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", one_of_each_class(CASES | AUTOENCODERS | QUANTIZED))
def test_replicas_train_as_one_process_does(found, name):
    model = found[name]
    assert model["moved"] > 1e-3
    assert model["1"] == {"weights": 0.0, "losses": 0.0}
    shared = model["2"]
    if name in NOISY:
        assert shared["weights"] < 0.01
        assert shared["losses"] < 0.05
    else:
        assert shared["weights"] < 1e-6
        assert shared["losses"] < 1e-6
