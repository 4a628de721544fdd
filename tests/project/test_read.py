"""Any valid project.yml is read; any mistake in one is a ProjectError that names the place and what is allowed."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from valid_projects import SMALL, Content, projects

from kit.errors import ProjectError
from kit.evaluation.sections import METRICS_BY_TASK
from kit.project.file import ProjectFile
from kit.project.read import read_project_file

FAST = settings(max_examples=50)


def read_text(text: str | bytes) -> ProjectFile:
    """Read a project.yml of this content; in an error's message the file is named."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "project.yml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        try:
            return read_project_file(path)
        except ProjectError as error:
            if not str(error).startswith(str(path)):
                pytest.fail(f"the file is not named: {error}")
            raise


def read(content: object) -> ProjectFile:
    return read_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


@FAST
@given(projects())
def test_any_valid_file_is_read_as_it_is_written(content: Content) -> None:
    spec = read(content)
    assert (spec.name, spec.task, spec.label) == (content["name"], content["task"], content["label"])
    assert list(spec.columns) == list(content["columns"])
    assert [list(names) for names in spec.slices] == content["slices"]
    assert [gate.metric for gate in spec.gates] == [gate["metric"] for gate in content["gates"]]
    assert spec.data.has_spans == ("train_spans" in content["data"])
    assert spec.training.epochs == content["training"]["epochs"]


# -- one mistake in an otherwise valid file


def _set(content: Content, *place: Any, value: object) -> None:
    for part in place[:-1]:
        content = content.setdefault(part, {})
    content[place[-1]] = value


def _add_gate(content: Content, **gate: object) -> None:
    content["gates"] = [*content["gates"], gate]


def _spans(content: Content, train: object, held_out: object) -> None:
    content["data"] = {"files": "{SPAN}.csv", "train_spans": train, "eval_spans": held_out}


NO_COLUMN = "no such column"  # longer than the names that are drawn
Mutation = Callable[[Content], object]
MISTAKES: dict[str, tuple[Mutation, str]] = {
    "unknown field": (
        lambda c: _set(c, "gate", value=3),
        r"line \d+, gate: .*found 3 \(known fields: name, title, task, label, data, columns, metrics, slices, gates, ",
    ),
    "unknown field of a section": (
        lambda c: _set(c, "training", "epoch", value=3),
        r"line \d+, training\.epoch: .*found 3 \(known fields: epochs, batch_size, learning_rate, seed, strategy, ",
    ),
    "unknown field of a column": (
        lambda c: _set(c, "columns", "x y z", value={"kind": "id", "typ": "int"}),
        r"line \d+, columns\.x y z\.typ: .*found 'int' \(known fields: kind, dtype, separator, format\)",
    ),
    "unknown field of a gate": (
        lambda c: _add_gate(c, metric="auc", minimum=0.5, min=0.5),
        r"line \d+, gates\.\d+\.minimum: .*found 0\.5 \(known fields: metric, slice, min, max, min_change\)",
    ),
    "unknown field of a tensor": (
        lambda c: _set(c, "signatures", value={"s": {"inputs": {"x": {"type": "int64"}}, "outputs": {}}}),
        r"line \d+, signatures\.s\.inputs\.x\.type: .*found 'int64' \(known fields: dtype, shape\)",
    ),
    "missing field": (lambda c: c.pop("label"), r"line 1, label: Field required"),
    "wrong type": (lambda c: _set(c, "label", value=[1]), r"line \d+, label: .*valid string, found \[1\]"),
    "a scalar for a section": (lambda c: _set(c, "columns", value=3), r"line \d+, columns: .*dictionary, found 3"),
    "text for a number": (
        lambda c: _set(c, "training", "epochs", value="many"),
        r"line \d+, training\.epochs: .*valid integer.*found 'many'",
    ),
    "number out of range": (
        lambda c: _set(c, "training", "batch_size", value=0),
        r"line \d+, training\.batch_size: .*greater than or equal to 1, found 0",
    ),
    "number without end": (
        lambda c: _set(c, "training", "learning_rate", value=float("inf")),
        r"line \d+, training\.learning_rate: .*finite number, found inf",
    ),
    "unknown task": (
        lambda c: _set(c, "task", value="ranking"),
        r"line \d+, task: Input should be 'binary', 'multiclass' or 'regression', found 'ranking'",
    ),
    "unknown kind": (
        lambda c: _set(c, "columns", "x y z", value="numeric"),
        r"line \d+, columns\.x y z\.kind: Input should be 'number', 'category', .*found 'numeric'",
    ),
    "dtype that does not fit": (
        lambda c: _set(c, "columns", "x y z", value={"kind": "text", "dtype": "int"}),
        r"line \d+, columns\.x y z: a text is stored as string, not as int",
    ),
    "gate on an unknown metric": (
        lambda c: _add_gate(c, metric="aux", min=0.5),
        r"line \d+, gates\.\d+\.metric: 'aux' is not a metric; known metrics are auc, auc_pr, accuracy",
    ),
    "gate on a metric of another task": (
        lambda c: c.update(task="binary", gates=[{"metric": "mae", "max": 1}]),
        r"gate on 'mae': a binary project has auc, auc_pr, logloss, accuracy",
    ),
    "gate on a metric that is not evaluated": (
        lambda c: c.update(task="binary", metrics=["auc"], gates=[{"metric": "logloss", "max": 1}]),
        r"gate on 'logloss': metrics has only auc",
    ),
    "metric of another task": (
        lambda c: c.update(task="binary", metrics=["mae"]),
        r"metrics 'mae': a binary project has auc, auc_pr, logloss, accuracy",
    ),
    "gate that never closes": (
        lambda c: _add_gate(c, metric="logloss"),
        r"line \d+, gates\.\d+: a gate needs min, max or min_change",
    ),
    "gate that nothing passes": (
        lambda c: _add_gate(c, metric="logloss", max=float("nan")),
        r"line \d+, gates\.\d+: the bounds of a gate must be finite",
    ),
    "gate on a slice of an unknown column": (
        lambda c: _add_gate(c, metric=METRICS_BY_TASK[c["task"]][0], min=0, slice={NO_COLUMN: 1}),
        f"slice column '{NO_COLUMN}' is not among the columns that are read: ",
    ),
    "slice on an unknown column": (
        lambda c: _set(c, "slices", value=[[NO_COLUMN]]),
        f"slice column '{NO_COLUMN}' is not among the columns that are read: ",
    ),
    "slice on a column that is ignored": (
        lambda c: c.update(columns=c["columns"] | {NO_COLUMN: "ignore"}, slices=[[NO_COLUMN]]),
        f"slice column '{NO_COLUMN}' is not among the columns that are read: ",
    ),
    "label that is no column": (
        lambda c: _set(c, "label", value=NO_COLUMN),
        f"label '{NO_COLUMN}' is not among the columns that are read: ",
    ),
    "label that is ignored": (
        lambda c: c.update(columns=c["columns"] | {NO_COLUMN: "ignore"}, label=NO_COLUMN),
        f"label '{NO_COLUMN}' is not among the columns that are read",
    ),
    "bad name": (lambda c: _set(c, "name", value="My-Shop"), r"line \d+, name: .*letters.*found 'My-Shop'"),
    "overlapping spans": (
        lambda c: _spans(c, "1-6", "6-9"),
        r"line \d+, data: .*not both, but 6 is in train_spans 1-6 and in eval_spans 6-9",
    ),
    "spans in words": (
        lambda c: _spans(c, "first", 7),
        r"line \d+, data\.train_spans: spans are written as 3, 1-6, .* or last 6, not as 'first'",
    ),
    "spans that run backwards": (
        lambda c: _spans(c, "6-1", 7),
        r"line \d+, data\.train_spans: the range 6-1 runs backwards; write 1-6",
    ),
    "no spans": (
        lambda c: _set(c, "data", value={"files": "{SPAN}.csv"}),
        r"line \d+, data: files with \{SPAN\} need train_spans and eval_spans, for example 1-6 and 7",
    ),
    "half a date": (
        lambda c: _set(c, "data", value={"files": "{YYYY}-{MM}.csv", "train_spans": "last 6", "eval_spans": "last 1"}),
        r"line \d+, data: a date needs \{YYYY\}, \{MM\}, \{DD\}, but \{DD\} is not in files",
    ),
    "spans without a place": (
        lambda c: _set(c, "data", value={"files": "a.csv", "train_spans": 1, "eval_spans": 2}),
        r"line \d+, data: train_spans and eval_spans need \{SPAN\} in files",
    ),
    "delimiter of two characters": (
        lambda c: _set(c, "data", "delimiter", value="::"),
        r"line \d+, data\.delimiter: .*at most 1 character, found '::'",
    ),
    "delimiter that no reader takes": (
        lambda c: _set(c, "data", "delimiter", value="、"),
        r"line \d+, data\.delimiter: a delimiter is one ASCII character .*not '、'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("mutate", "expected"), MISTAKES.values(), ids=list(MISTAKES))
@settings(FAST, max_examples=8)
@given(content=projects())
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(
    mutate: Mutation, expected: str, content: Content
) -> None:
    content = copy.deepcopy(content)
    mutate(content)
    with pytest.raises(ProjectError, match=expected) as raised:
        read(content)
    assert str(raised.value).endswith("Correct these in the file.")


def test_the_line_is_that_of_the_file() -> None:
    text = (
        SMALL.replace("  city: category", "  # where they live\n  city: categroy")
        + "training:\n  epochs: 0\n"
    )
    with pytest.raises(ProjectError) as raised:
        read_text(text)
    lines = text.splitlines()
    for number, field in re.findall(r"line (\d+), ([\w.]+):", str(raised.value)):
        assert field.removesuffix(".kind").split(".")[-1] in lines[int(number) - 1]
    assert "line 8, columns.city.kind" in str(raised.value)
    assert "line 11, training.epochs" in str(raised.value)


BROKEN = {
    "empty": ("", "must be a YAML mapping with name, task, label, data and columns, but holds nothing"),
    "list": ("- 1", "but holds a list"),
    "unclosed": ("name: [shop", "line 1, column 12"),
    "tab": ("name:\n\t- shop", "line 2, column 1"),
    "duplicate field": (SMALL + "label: age\n", "'label' is there twice\n.*line 9"),
    "duplicate column": (SMALL + "  age: id\n", "'age' is there twice\n.*line 9"),
    "duplicate in a flow": (SMALL + "training: {epochs: 1, epochs: 2}\n", "'epochs' is there twice\n.*line 9"),
    "no such date": (SMALL + "title: 2020-13-01\n", "month must be in.*\n.*line 9"),
    "no number": (SMALL + "title: !!int x\n", "invalid literal.*\n.*line 9"),
    "key that is a list": (SMALL + "? [a]\n: 1\n", "a key must be text\n.*line 9"),
    "list that is called a mapping": (SMALL + "title: !!map [1]\n", "expected a mapping.*\n.*line 9"),
    "code": (SMALL + "title: !!python/object/apply:os.getcwd []\n", "could not determine a constructor.*\n.*line 9"),
    "not UTF-8": (SMALL.encode() + b"title: K\xf6ln\n", "can't decode byte 0xf6"),
    "two documents": (SMALL + "---\n" + SMALL, "expected a single document"),
    "deeper than anyone writes": ("[" * 600, "recursion"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=list(BROKEN))
def test_a_file_that_is_not_even_yaml_is_explained(text: str | bytes, expected: str) -> None:
    with pytest.raises(ProjectError, match=expected):
        read_text(text)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def _places(content: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content if isinstance(content, list) else ())
    )
    for key, value in items:
        yield (*above, key)
        yield from _places(value, (*above, key))


@settings(FAST, max_examples=100)
@given(projects(), ANYTHING, st.data())
def test_anything_anywhere_is_read_or_refused_but_never_crashes(
    content: Content, value: object, data: st.DataObject
) -> None:
    content = copy.deepcopy(content)
    *above, last = data.draw(st.sampled_from(list(_places(content))))
    target: Any = content
    for part in above:
        target = target[part]
    target[last] = value
    try:
        read(content)
    except ProjectError as error:
        assert re.search(r"line \d+|holds", str(error))  # noqa: PT017  both ends are fine


@FAST
@given(st.text() | st.binary())
def test_any_other_content_is_refused(content: str | bytes) -> None:
    with pytest.raises(ProjectError, match=r"Correct|Write"):
        read_text(content.encode(errors="surrogatepass") if isinstance(content, str) else content)


def test_a_byte_order_mark_line_breaks_of_windows_and_chinese_names() -> None:
    text = SMALL.replace("city", "城市").replace("\n", "\r\n")
    assert "城市" in read_text(b"\xef\xbb\xbf" + text.encode()).columns
