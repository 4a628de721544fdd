from __future__ import annotations

from pathlib import Path

import pytest

from kit.sweep.errors import SweepError
from kit.sweep.space_file import Metric, Range, read_space

GOOD = """
way: random
notebooks: [03_train, 04_evaluate]
fixed: {project_name: recommender}
parameters:
  learning_rate: {min: 0.001, max: 0.1, log: true}
  batch_size: [128, 256]
  seed: 3
count: 4
metrics:
  - auc, maximise
  - {name: auc, slice: {device: tablet}}
  - seconds
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "sweep.yml"
    path.write_text(text)
    return path


def test_a_file_says_what_to_sweep(tmp_path: Path) -> None:
    space = read_space(write(tmp_path, GOOD))
    assert space.swept == ("learning_rate", "batch_size", "seed")
    assert space.parameters["learning_rate"] == Range(min=0.001, max=0.1, log=True)
    assert space.parameters["seed"] == (3,)
    assert [metric.column for metric in space.metrics] == ["auc", "auc[device=tablet]", "seconds"]
    assert space.metrics[0] == Metric(name="auc", goal="maximise")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "must say what to sweep, but holds nothing"),
        ("[1]", "but holds a list"),
        ("a: [", "cannot be read"),
        ("parameters: {a: [1], a: [2]}", "'a' is there twice"),
        (
            "paramters: {a: [1]}",
            "line 1, paramters: Extra inputs are not permitted, found {'a': [1]} (known fields: way",
        ),
        ("way: grid", "line 1, the file: way: grid takes its values from parameters"),
        ("way: list", "way: list takes its values from points"),
        ("way: list\nparameters: {a: [1]}\npoints: [{a: 1}]", "and no parameters"),
        ("way: list\npoints: [{}]", "way: list needs a value in at least one of its points"),
        (
            "parameters:\n  a: {min: 0, max: 1, step: 1.0e-320}",
            "line 2, parameters.a: step must lead from min",
        ),
        ("parameters:\n  a: {min: 0, max: 1, step: .inf}", "line 2, parameters.a.step: a finite number is"),
        (
            "parameters:\n  a: {min: -1.0e+308, max: 1.0e+308}",
            "line 2, parameters.a: min and max must be less",
        ),
        (
            'parameters:\n  a: [ok, "\\ud800"]',
            r"line 2, parameters.a.1: a text must be valid Unicode, but '\ud800'",
        ),
        (
            "way: dice\nparameters: {a: [1]}",
            "line 1, way: Input should be 'grid', 'random' or 'list', found 'dice'",
        ),
        ("parameters: {a: [1]}\ncount: 3", "count is how many points way: random draws"),
        ("way: random\nparameters: {a: [1]}", "count is how many points way: random draws"),
        (
            "parameters:\n  a: {min: 2, max: 1}",
            "line 2, parameters.a: min must be below max, but they are 2 and 1",
        ),
        ("parameters:\n  a: {min: 0, max: 1, log: true}", "with log, min must be more than 0, but is 0"),
        (
            "parameters:\n  a: {min: 0, max: 1, step: 1, count: 3}",
            "step goes neither with log nor with count",
        ),
        (
            "parameters:\n  a: {min: 0, max: 1, stop: 3}",
            "line 2, parameters.a.stop: Extra inputs are not permitted",
        ),
        ("parameters:\n  a: []", "line 2, parameters.a: a list of values needs at least one"),
        ("parameters:\n  a: {min: 0, max: .inf}", "line 2, parameters.a.max: a finite number is needed"),
        (
            f"parameters:\n  a: {{min: 0, max: 1{400 * '0'}}}",
            "line 2, parameters.a.max: a finite number is needed",
        ),
        ("parameters:\n  a: {min: 0, max: b}", "line 2, parameters.a.max: a number is needed, but found 'b'"),
        (
            "parameters:\n  strength: [[1]]",
            "line 2, parameters.strength.0: a value is a text, a number, true",
        ),
        ("parameters: {a: [1]}\nfixed: {a: 2}", "a is fixed and swept: leave one out"),
        ("parameters: {workspace: [x, y]}", "workspace cannot be set"),
        (
            "parameters: {a: [1]}\nmetrics:\n  - auc, best",
            "line 3, metrics.0.goal: Input should be 'maximise'",
        ),
        ("parameters: {a: [1]}\nmetrics: [auc, 'auc, minimise']", "auc would be two columns of the results"),
        ("parameters: {a: [1]}\nmetrics: ['a, maximise']", "a would be two columns of the results"),
        ("parameters: {a: [1]}\nmetrics: [state, host]", "host, state would be two columns of the results"),
        ("parameters: {point: [1]}", "point would be two columns of the results, which say attempts, code"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SweepError) as error:
        read_space(path)
    assert str(path) in str(error.value)
    assert "valid tuple" not in str(error.value)
    assert expected in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"nowhere\.yml must be a YAML file, but it cannot be read"):
        read_space(tmp_path / "nowhere.yml")
