"""A judge says of a day what the notebook says, whole and in the same words each time."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from checks.shops import session_of, shop, visits
from kit.checks import deliveries
from kit.checks.examine import examine
from kit.checks.judge import Judge
from kit.data.files import rows_of
from kit.project import Project


def judge_of(project: Project, *spans: int) -> Judge:
    return Judge(project, {span: rows_of(project, project.span_files(span)) for span in spans})


def test_says_what_the_notebook_says(tmp_path: Path) -> None:
    days = [visits(), visits(400), visits(800, change="!")]
    project = shop(tmp_path / "shop", "", *days, eval_spans="3")
    schema, *found = judge_of(project, 1, 2).judge(rows_of(project, project.span_files(3)), 3)
    assert (schema.check, schema.subject, schema.state) == ("schema", "city", "fail")
    in_the_notebook = examine(session_of(project))
    assert found == [one for one in in_the_notebook if one.check != deliveries.CHECK]  # a judge sees no files


def test_a_day_does_not_change_the_judge(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", "", visits(), visits(400), visits(800), eval_spans="3")
    judge = judge_of(project, 1, 2)
    table = pa.Table.from_batches(rows_of(project, project.span_files(3)))
    spoiled = table.set_column(1, "age", pa.array([-5.0] * len(table), pa.float32()))
    clean = judge.judge(table.to_batches(), 3)
    assert {one.state for one in clean} == {"ok"}
    first, second = (judge.judge(spoiled.to_batches(), 3) for _ in range(2))
    assert first == second != clean
    assert ("ranges", "age") in {(one.check, one.subject) for one in first if one.state == "warn"}
    assert judge.judge(table.to_batches(), 3) == clean


def test_a_schema_that_is_given_goes_before_the_inferred_one(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", "", visits(), visits(400, change="!"))
    strict = judge_of(project, 2).schema
    found = Judge(project, {1: rows_of(project, project.span_files(1))}, strict)
    [schema, *_] = found.judge(rows_of(project, project.span_files(2)), 2)
    assert (schema.check, schema.state) == ("schema", "ok")


@pytest.mark.parametrize("span", [None, 9])
def test_a_day_without_a_place_among_the_spans(tmp_path: Path, span: int | None) -> None:
    project = shop(tmp_path / "shop", "", visits(), visits(400))
    found = judge_of(project, 1).judge(rows_of(project, project.span_files(2)), span)
    assert not [one for one in found if one.is_wrong]
