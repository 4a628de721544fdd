"""Metrics that no point can have are refused before any runs; those that only a run can know are let through."""

from __future__ import annotations

from pathlib import Path

import pytest
from valid_projects import altered

from kit.project import Project
from kit.sweep.errors import SweepError
from kit.sweep.metric_names import check_metrics
from kit.sweep.space_file import Metric

from .conftest import FIT, WriteNotebook


def check(name: str, *notebooks: Path, **slice_: str) -> None:
    check_metrics([Metric(name=name, slice=slice_)], notebooks, [Project.load("recommender")], "fit.yml")


@pytest.mark.parametrize("name", ["loss", "seconds", "auc", "example_count"])
def test_what_is_recorded_or_measured_can_be_asked_for(write_notebook: WriteNotebook, name: str) -> None:
    check(name, write_notebook("fit", *FIT))


def test_a_name_that_nothing_gives_is_refused(write_notebook: WriteNotebook) -> None:
    with pytest.raises(
        SweepError, match=r"fit.yml: .*but los is not. Did you mean loss\? They have accuracy, auc"
    ):
        check("los", write_notebook("fit", *FIT))


@pytest.mark.parametrize(
    "slice_",
    [{"device": "tablet"}, {"user": "new", "device": "anything"}, {"age_band": "under 25"}],
    ids=["of a column", "of two", "of a band"],
)
def test_a_slice_that_is_measured_can_be_asked_for(
    write_notebook: WriteNotebook, slice_: dict[str, str]
) -> None:
    check("auc", write_notebook("fit", *FIT), **slice_)


@pytest.mark.parametrize(
    "slice_",
    [{"devise": "tablet"}, {"user": "newest"}, {"region": "north", "device": "tablet"}],
    ids=["no such column", "no such band", "not together"],
)
def test_a_slice_that_is_not_measured_is_refused(
    write_notebook: WriteNotebook, slice_: dict[str, str]
) -> None:
    with pytest.raises(
        SweepError, match=r"fit.yml: .*that of auc\[.*\] is not. It measures slices by age_band, cat"
    ):
        check("auc", write_notebook("fit", *FIT), **slice_)


def test_what_a_notebook_records_has_no_slices(write_notebook: WriteNotebook) -> None:
    with pytest.raises(SweepError, match="but loss is not"):
        check("loss", write_notebook("fit", *FIT), device="tablet")


def test_the_slice_of_a_gate_is_measured(write_notebook: WriteNotebook) -> None:
    project = Project.load("recommender")
    gate = project.spec.gates[0].model_copy(update={"slice": {"tier": 1}})
    gated = altered(project, gates=(gate,))
    notebooks = [write_notebook("fit", *FIT)]
    check_metrics([Metric(name="auc", slice={"tier": "1"})], notebooks, [gated], "fit.yml")
    with pytest.raises(SweepError, match=r"that of auc\[tier=2\] is not"):
        check_metrics([Metric(name="auc", slice={"tier": "2"})], notebooks, [gated], "fit.yml")


@pytest.mark.parametrize(
    "cell",
    ["record(f'los{1}', 1)", "from someones import helper", "from .beside import helper", "%run other.py"],
    ids=["a computed name", "code of somebody", "code beside it", "a magic"],
)
def test_where_only_a_run_can_tell_nothing_is_refused(write_notebook: WriteNotebook, cell: str) -> None:
    check("los", write_notebook("fit", *FIT, cell))
