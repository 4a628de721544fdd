"""The checks find what a schema lets through, and keep silent on noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from valid_projects import SMALL

from kit.checks.check import Check, Finding
from kit.checks.config import Checks
from kit.checks.examine import checks_of, examine, require
from kit.checks.label_rates import LabelRates
from kit.checks.repeats import RepeatedRows, SharedKeys
from kit.data.example_gen import ProjectExampleGen
from kit.errors import DataAnomalyError, ProjectError
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace


def batch(**columns: Sequence[object]) -> pa.RecordBatch:
    """Return rows as the examples are decoded: a list of values a cell, None: missing."""
    lists = {name: [None if cell is None else [cell] for cell in cells] for name, cells in columns.items()}
    return pa.RecordBatch.from_pydict(lists)


def findings(check: Check, train: pa.RecordBatch, held_out: pa.RecordBatch) -> list[Finding]:
    check.add("train", [b"train %d" % row for row in range(train.num_rows)], train)
    check.add("eval", [b"eval %d" % row for row in range(held_out.num_rows)], held_out)
    return check.findings()


def clicks(draw: np.random.Generator, rows: int, rates: Sequence[float]) -> pa.RecordBatch:
    category = draw.integers(len(rates), size=rows)
    clicked = draw.random(rows) < np.array(rates)[category]
    return batch(category=[b"c%d" % one for one in category], clicked=clicked.astype(int).tolist())


def label_rates(change: float = 0.25) -> LabelRates:
    return LabelRates("clicked", ["category"], change, "block")


def test_a_category_whose_clicks_are_gone() -> None:
    draw = np.random.default_rng(1)
    train, held_out = (
        clicks(draw, 8_000, [0.2, 0.1, 0.3]),
        clicks(draw, 2_000, [0.2, 0.0, 0.3]),
    )
    [finding] = findings(label_rates(), train, held_out)
    assert finding.state == "fail"
    assert finding.found.startswith("category c1: clicked is 1 in 0.0% of ")


def test_a_category_whose_clicks_doubled() -> None:
    draw = np.random.default_rng(1)
    rates = clicks(draw, 20_000, [0.2, 0.2]), clicks(draw, 20_000, [0.2, 0.4])
    assert [finding.found.split(":")[0] for finding in findings(label_rates(), *rates)] == ["category c1"]


def test_noise_does_not_alert() -> None:
    """200 days on which nothing changed, of slices so small that their shares swing widely."""
    rates = [0.05, 0.1, 0.2, 0.5]
    alerts = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        [*found] = findings(label_rates(change=0), clicks(draw, 2_000, rates), clicks(draw, 300, rates))
        alerts += sum(finding.state != "ok" for finding in found)
    assert alerts <= 2


def test_a_change_of_daily_life_does_not_alert_however_many_rows_prove_it() -> None:
    draw = np.random.default_rng(1)
    rates = clicks(draw, 200_000, [0.2]), clicks(draw, 200_000, [0.22])
    assert [finding.state for finding in findings(label_rates(0.25), *rates)] == ["ok"]
    draw = np.random.default_rng(1)
    rates = clicks(draw, 200_000, [0.2]), clicks(draw, 200_000, [0.22])
    assert [finding.state for finding in findings(label_rates(0.0), *rates)] == ["fail"]


def test_classes_in_words_and_missing_values() -> None:
    train = batch(category=[b"a", None] * 500, clicked=[b"yes", b"no"] * 300 + [b"no", b"no"] * 200)
    held_out = batch(category=[b"a", None] * 500, clicked=[b"no", b"no"] * 500)
    [finding] = findings(label_rates(), train, held_out)
    assert "clicked is yes in 0.0% of 500 rows of eval, and was in 60.0% of 500 of train" in finding.found


def test_an_amount_has_no_rates() -> None:
    rows = batch(category=[b"a"] * 50, clicked=[float(number) for number in range(50)])
    [finding] = findings(label_rates(), rows, rows)
    assert (finding.state, finding.found) == ("ok", "not checked: clicked has no classes, it is an amount")


def test_a_slice_that_is_missing_in_a_split_is_said_not_to_be_checked() -> None:
    empty = batch(category=[None] * 10, clicked=[0, 1] * 5)
    [finding] = findings(label_rates(), empty, empty)
    assert finding.found == "not checked: no slice has rows in both splits"


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([b"a", b"b", b"c"], "none of 3"),
        ([b"a", b"b", b"a"], "1 of 3 rows (33.3%) are as one before them in every column"),
    ],
)
def test_repeated_rows(records: list[bytes], found: str) -> None:
    check = RepeatedRows("warn")
    for record in records:  # also over batches and splits
        check.add("train" if record == records[0] else "eval", [record], batch(x=[1]))
    [finding] = check.findings()
    assert (finding.found, finding.state) == (found, "ok" if found.startswith("none") else "warn")


def test_shared_keys() -> None:
    train, held_out = batch(key=[b"r1", b"r1", b"r2", None]), batch(key=[b"r3", b"r2", b"r2"])
    [finding] = findings(SharedKeys(["key"], "block"), train, held_out)
    assert finding.found == "key: 1 of 2 of eval are in train too, such as r2"
    assert finding.state == "fail"
    [clean] = findings(SharedKeys(["key"], "block"), train, batch(key=[b"r3"]))
    assert clean == Finding("shared keys", "key: none of 1 of eval is in train", "ok")


def test_a_key_that_no_row_has_is_said_not_to_be_checked() -> None:
    [finding] = findings(SharedKeys(["key"], "block"), batch(key=[b"r1"]), batch(key=[None]))
    assert finding.found == "key: not checked, no row of a split has it"


def test_what_blocks_ends_the_batch_with_every_line() -> None:
    blocking = [Finding("label rates", "a fell", "fail", "Look"), Finding("shared keys", "b", "fail", "Look")]
    with pytest.raises(
        DataAnomalyError, match=r"2 block:\n  label rates: a fell. Look\n  shared keys: b. Look"
    ):
        require([*blocking, Finding("repeated rows", "none", "ok")])


def test_a_warning_does_not_end_the_batch() -> None:
    assert require([Finding("shared keys", "b", "warn")]) == "No check blocks; 1 of 1 findings warn."


def shop(folder: Path, checks: str, *spans: Iterable[str]) -> Session:
    folder.mkdir()
    for number, rows in enumerate(spans, 1):
        (folder / f"{number}.csv").write_text("visit,age,city,bought\n" + "\n".join(rows) + "\n")
    text = SMALL.replace("{files: visitors.csv}", "{files: '{SPAN}.csv', train_spans: 1, eval_spans: 2}")
    text = text.replace("columns:\n", "columns:\n  visit: key\n") + "slices: [[city]]\n" + checks
    (folder / "project.yml").write_text(text)
    for part in ("features.py", "model.py"):
        (folder / part).touch()
    return Session(Workspace(folder.parent / "workspace"), Project.load(folder))


@pytest.fixture
def rows() -> list[str]:
    return [f"v{row},{row % 60},{'bonn' if row % 2 else 'köln'},{int(row % 5 < 2)}" for row in range(400)]


def test_a_span_that_was_delivered_again_under_another_number(tmp_path: Path, rows: list[str]) -> None:
    session = shop(tmp_path / "shop", "checks: {shared_keys: block, label_rates: off}\n", rows, rows)
    session.run(ProjectExampleGen(session.project))
    repeated, shared = examine(session)
    assert repeated.found == "400 of 800 rows (50.0%) are as one before them in every column"
    assert (repeated.state, shared.state) == ("warn", "fail")
    with pytest.raises(DataAnomalyError, match="visit: 400 of 400 of eval are in train too"):
        require([repeated, shared])


def test_a_city_that_buys_nothing_any_more(tmp_path: Path, rows: list[str]) -> None:
    silent = [
        f"w{row}" + (row_.rsplit(",", 1)[0] + ",0" if "bonn" in row_ else row_)
        for row, row_ in enumerate(rows)
    ]
    session = shop(tmp_path / "shop", "", rows, silent)
    session.run(ProjectExampleGen(session.project))
    moved, *_ = examine(session)
    assert moved.found.startswith(
        "city bonn: bought is 1 in 0.0% of 200 rows of eval, and was in 40.0% of 200"
    )
    assert moved.state == "warn"


def test_nothing_is_checked_where_all_is_off(tmp_path: Path, rows: list[str]) -> None:
    off = "checks: {label_rates: off, repeated_rows: off, shared_keys: off}\n"
    session = shop(tmp_path / "shop", off, rows, rows)
    assert checks_of(session.project) == []
    session.run(ProjectExampleGen(session.project))
    assert examine(session) == []


def test_a_severity_that_does_not_exist(tmp_path: Path, rows: list[str]) -> None:
    with pytest.raises(ProjectError, match=r"checks\.label_rates"):
        shop(tmp_path / "shop", "checks: {label_rates: loud}\n", rows)


def test_what_is_checked_unless_told() -> None:
    assert (Checks().label_rates, Checks().repeated_rows, Checks().shared_keys) == ("warn", "warn", "warn")


def test_a_slice_counts_once_however_many_classes_the_label_has() -> None:
    rows = batch(category=[b"a", b"b", b"c"] * 40, clicked=[b"yes", b"no", b"perhaps", b"no"] * 30)
    assert [finding.found for finding in findings(label_rates(), rows, rows)] == [
        "as in train in all 3 slices"
    ]
