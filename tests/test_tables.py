"""Tables of settings: every error names the setting, its value, the rule and the remedy, whatever pydantic calls it."""

import dataclasses
import subprocess
import sys
import time
from typing import Annotated

import numpy as np
import pytest
from pydantic import Field
from typing_extensions import TypedDict

from keras_vae import _tables
from keras_vae._tables import Flag, OneOf, Real, Text, Whole


@_tables.closed
class Row(TypedDict, total=False):
    source: Text


@_tables.table("inner")
class Inner:
    size: Annotated[Whole, Field(ge=1, le=9)]
    rate: Annotated[Real, Field(ge=0.0, le=1.0)] = 0.5
    kind: Annotated[Text, OneOf(("round", "square"))] = "round"
    fast: Flag = False
    rows: Annotated[list[Row], Field(max_length=3)] = dataclasses.field(default_factory=list)
    weights: dict[Annotated[str, OneOf(("left", "right"))], Real] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if self.fast and self.size > 5:
            raise ValueError(f"inner.size={self.size}: must be at most 5 with fast = true.")


@_tables.table("", called="a file")
class File:
    inner: Inner
    rest: dict[str, object] | None = None


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ({}, r"\[inner\] needs the setting 'size'."),
        ({"size": 0}, r"inner.size=0: must be a whole number from 1 to 9."),
        ({"size": 1.0}, r"inner.size=1.0: must be a whole number from 1 to 9."),
        ({"size": True}, r"inner.size=True: must be a whole number from 1 to 9."),
        ({"size": "3"}, r"inner.size='3': must be a whole number from 1 to 9."),
        ({"size": 10**5000}, r"inner.size=a int: must be a whole number from 1 to 9."),
        ({"size": 1, "rate": float("nan")}, r"inner.rate=nan: must be a finite number from 0 to 1."),
        ({"size": 1, "rate": np.bool_(True)}, r"inner.rate=True: must be a finite number from 0 to 1."),
        (
            {"size": 1, "kind": "sqare"},
            r"inner.kind='sqare': must be one of 'round', 'square'. Did you mean 'square'\?",
        ),
        ({"size": 1, "kind": 3}, r"inner.kind=3: must be one of 'round', 'square'."),
        ({"size": 1, "fast": "no"}, r"inner.fast='no': must be true or false."),
        ({"size": 1, "fast": 0}, r"inner.fast=0: must be true or false."),
        ({"size": 6, "fast": True}, r"inner.size=6: must be at most 5 with fast = true."),
        ({"size": 1, "sise": 2}, r"\[inner\] has no setting 'sise'; it has size, rate, .*. Did you mean 'size'\?"),
        ({"size": 1, "rows": {}}, r"inner.rows={}: must be a list of tables."),
        ({"size": 1, "rows": [3]}, r"inner.rows\[0\]=3: must be a table, \[inner.rows\[0\]\]."),
        ({"size": 1, "rows": [{}, {"source": 3}]}, r"inner.rows\[1\].source=3: must be text."),
        ({"size": 1, "rows": [{"sorce": "x"}]}, r"\[inner.rows\[0\]\] has no setting 'sorce'; it has source. Did you"),
        ({"size": 1, "rows": [{}] * 4}, r"inner.rows=.*: must have at most 3 entries."),
        ({"size": 1, "weights": {"middle": 1.0}}, r"\[inner.weights\] has no setting 'middle'; it has left, right."),
        ({"size": 1, "weights": {"left": "x"}}, r"inner.weights.left='x': must be a finite number."),
        (3, r"inner=3: must be a table, \[inner\]."),
    ],
)
def test_an_error_names_setting_value_rule_and_remedy(inner, message):
    with pytest.raises(
        ValueError, match=rf"^{message}$" if message.endswith((".", r"\?")) else f"^{message}"
    ) as caught:
        _tables.read(File, {"inner": inner})
    assert type(caught.value) is ValueError
    assert "pydantic" not in str(caught.value)


def test_a_missing_and_an_unknown_table_are_named():
    with pytest.raises(ValueError, match=r"^A file needs a table \[inner\].$"):
        _tables.read(File, {})
    with pytest.raises(ValueError, match=r"^A file has no setting 'iner'; it has inner, rest. Did you mean 'inner'\?$"):
        _tables.read(File, {"inner": {"size": 1}, "iner": {}})
    with pytest.raises(ValueError, match="a file=3: must be a dict"):
        _tables.read(File, 3)


def test_several_errors_are_told_at_once_and_not_all_of_many():
    wrong = {"size": 0, "rate": 2.0, "kind": "x", "fast": 1}
    with pytest.raises(ValueError, match=r"^inner.size=0: .* inner.rate=2.0: .* inner.kind='x': .* And 1 more.$"):
        _tables.read(File, {"inner": wrong})
    unknown = {f"setting_{i}": 1 for i in range(900)}
    with pytest.raises(ValueError, match=r"^\[inner\] has no setting 'setting_0'; .* And 899 more.$") as caught:
        _tables.read(File, {"inner": {"size": 1, **unknown}})
    assert len(str(caught.value)) < 300


def test_the_work_is_bounded():
    start = time.process_time()
    with pytest.raises(ValueError, match="A file has 150000 settings: at most 1000 are read"):
        _tables.read(File, {str(i): 1 for i in range(150_000)})
    for inner in ({"size": 1, **{str(i): 1 for i in range(150_000)}}, {"size": 1, "rows": [1] * 400_000}):
        with pytest.raises(ValueError, match="more|at most 3 entries"):
            _tables.read(File, {"inner": inner})
    assert time.process_time() - start < 5.0


def test_the_constructor_checks_too_and_the_class_is_a_frozen_dataclass():
    made = Inner(np.int64(3), rate=np.float32(0.25), fast=np.bool_(True))
    assert made == Inner(size=3, rate=0.25, fast=True)
    assert [type(value) for value in (made.size, made.rate, made.fast)] == [int, float, bool]
    assert dataclasses.replace(made, size=4).size == 4
    with pytest.raises(ValueError, match=r"^inner.size=12: must be a whole number from 1 to 9.$"):
        Inner(12)
    with pytest.raises(ValueError, match=r"^inner.size=12: must be a whole number from 1 to 9.$"):
        dataclasses.replace(made, size=12)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.size = 5


def test_what_runs_on_a_device_does_not_import_pydantic():
    script = "import sys, keras_vae.lite.model, keras_vae.lite.folders, keras_vae.zoo, keras_vae.cli\n"
    subprocess.run([sys.executable, "-c", f"{script}assert 'pydantic' not in sys.modules"], check=True)
