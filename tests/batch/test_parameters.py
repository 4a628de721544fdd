from __future__ import annotations

import os
from pathlib import Path

import pytest
from imports import imported_by
from papermill import inspect_notebook

from kit.batch.parameters import Parameter, read_parameters, validate
from kit.errors import UsageError

from .conftest import WriteNotebook

CELL = """workspace: str = "workspace"  # folder of all results
epochs: int = 5  # passes over the rows, 1 to 1000
learning_rate: float = 0.001  # Adam's step size, 1e-6 to 1
seed: int = 7  # of weights and splits, 0 or more
size: str = "small"  # one of: small, large
shuffle: bool = True  # rows, from 1 to 2 and back
plain = 3"""

EPOCHS = Parameter("epochs", "int", 5, "passes over the rows, 1 to 1000")
RATE = Parameter("learning_rate", "float", 0.001, "Adam's step size, 1e-6 to 1")
SEED = Parameter("seed", "int", 7, "0 or more")
SIZE = Parameter("size", "str", "small", "of the model; one of: small, large")
FLAG = Parameter("shuffle", "bool", True)
SPANS = Parameter("train_spans", "str", "")


def test_the_tagged_cell_is_read_as_papermill_reads_it(write_notebook: WriteNotebook) -> None:
    path = write_notebook("01_x", CELL, "print(epochs)")
    ours = {name: (p.type, repr(p.default), p.help) for name, p in read_parameters(path).items()}
    theirs = inspect_notebook(path)
    assert list(ours) == list(theirs)
    for name, facts in theirs.items():
        expected = facts["inferred_type_name"] if name != "plain" else "int"  # papermill does not infer
        assert ours[name] == (expected, facts["default"].replace('"', "'"), facts["help"])


def test_a_notebook_without_the_cell_has_no_parameters(write_notebook: WriteNotebook) -> None:
    path = write_notebook("01_x", "a: int = 1")
    path.write_text(path.read_text().replace('"parameters"', '"other"'))
    assert read_parameters(path) == {}


@pytest.mark.parametrize(
    ("parameter", "bounds"),
    [
        (EPOCHS, (1, 1000)),
        (RATE, (1e-6, 1)),
        (SEED, (0, float("inf"))),
        (Parameter("days", "int", 1, "look back 7 to 10 days"), None),  # prose, not a bound
        (Parameter("text", "str", "", "1 to 10"), None),
    ],
    ids=lambda value: value.name if isinstance(value, Parameter) else "",
)
def test_bounds_are_read_from_the_help(parameter: Parameter, bounds: tuple[float, float] | None) -> None:
    assert parameter.bounds == bounds


@pytest.mark.parametrize(
    ("parameter", "given", "value"),
    [
        (EPOCHS, "12", 12),
        (EPOCHS, 1000, 1000),
        (RATE, "1e-3", 0.001),
        (RATE, 1, 1.0),
        (FLAG, "False", False),
        (FLAG, "yes", True),
        (FLAG, False, False),
        (SPANS, "1-6", "1-6"),
        (SPANS, 3, "3"),  # what YAML makes of a span without quotes
        (SIZE, "large", "large"),
        pytest.param(SEED, "9" * 400, 10**400 - 1, id="digits"),
        (SPANS, "größe 😀", "größe 😀"),
    ],
)
def test_a_good_value_is_converted(parameter: Parameter, given: object, value: object) -> None:
    converted = parameter.convert(given)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("parameter", "given", "said"),
    [
        (EPOCHS, "many", "a whole number, but is 'many'"),
        (EPOCHS, "1.5", "a whole number"),
        (EPOCHS, 1.5, "a whole number"),
        (EPOCHS, True, "a whole number"),
        (EPOCHS, None, "a whole number"),
        (EPOCHS, "0", "1 to 1000, but is 0"),
        (EPOCHS, 1001, "1 to 1000, but is 1001"),
        pytest.param(EPOCHS, "9" * 400, "1 to 1000, but is 999", id="digits"),
        pytest.param(EPOCHS, "9" * 5000, "a whole number", id="more digits than Python reads"),
        (SEED, "-1", "0 or more, but is -1"),
        (RATE, "nan", "a finite number"),
        (RATE, "inf", "a finite number"),
        (FLAG, "maybe", "true or false, but is 'maybe'"),
        (FLAG, 1, "true or false"),
        (SPANS, [1, 2], "text, but is [1, 2]"),
        (SPANS, True, "text"),
        pytest.param(SPANS, os.fsdecode(b"\xff\xfe"), r"UTF-8 text, but is '\udcff\udcfe'", id="bytes"),
        (SIZE, "huge", "one of small, large, but is 'huge'"),
    ],
)
def test_a_bad_value_says_what_was_expected_and_found(parameter: Parameter, given: object, said: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        parameter.convert(given)
    assert said in str(caught.value)


def test_all_problems_are_told_at_once_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as caught:
        validate({"epoch": 3, "seed": -1, "shuffle": True}, [EPOCHS, SEED, FLAG])
    message = str(caught.value)
    assert "no parameter 'epoch'. Did you mean epochs? The parameters are epochs, seed, shuffle." in message
    assert "The parameter seed must be 0 or more, but is -1." in message
    assert "shuffle must" not in message


def test_a_shared_value_must_suit_every_notebook() -> None:
    narrow = Parameter("epochs", "int", 1, "1 to 10")
    with pytest.raises(UsageError, match="1 to 10"):
        validate({"epochs": 50}, [EPOCHS, narrow])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("a: int = 1 + 1", "computed"),
        ("a: int = len('x')", "computed"),
        ("a: list = [1]", "not one of str, int, float, bool"),
        ("a: int = 'x'", "default of a must be a whole number"),
        ("a: int = 0  # 1 to 3", "default of a must be 1 to 3"),
        ("import os", "found `import os`"),
        ("a: int =", "invalid syntax"),
    ],
)
def test_a_cell_with_anything_else_is_refused(write_notebook: WriteNotebook, cell: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_parameters(write_notebook("01_x", cell))
    assert said in str(caught.value)
    assert "01_x.ipynb" in str(caught.value)


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text("[]")
    with pytest.raises(UsageError, match="must be a Jupyter notebook"):
        read_parameters(tmp_path / "x.ipynb")


def test_a_wrong_parameter_is_found_without_papermill_or_tensorflow(write_notebook: WriteNotebook) -> None:
    program = f"""
from pathlib import Path
from kit.batch.run import run_chain
from kit.errors import UsageError
try:
    run_chain([Path({str(write_notebook("01_x", CELL))!r})], {{"epoch": "3"}}, Path("never-made"))
except UsageError:
    print("refused")
"""
    modules, printed = imported_by(program)
    assert printed == "refused\n"
    assert not {"tensorflow", "tfx", "papermill", "nbconvert", "IPython"} & modules
