"""Metrics that no point can have, told before one runs; and those that only a run can tell of, let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.project import Project
from kit.sweep.errors import SweepError
from kit.sweep.metric_names import check_metrics
from kit.sweep.space_file import Metric

from .conftest import FIT, WriteNotebook


def check(name: str, *notebooks: Path) -> None:
    check_metrics([Metric(name=name)], notebooks, [Project.load("recommender")], "fit.yml")


@pytest.mark.parametrize("name", ["loss", "seconds", "auc", "example_count"])
def test_what_is_recorded_or_measured_can_be_asked_for(write_notebook: WriteNotebook, name: str) -> None:
    check(name, write_notebook("fit", *FIT))


def test_a_name_that_nothing_gives_is_refused(write_notebook: WriteNotebook) -> None:
    with pytest.raises(
        SweepError, match=r"fit.yml: .*but los is not. Did you mean loss\? They have accuracy, auc"
    ):
        check("los", write_notebook("fit", *FIT))


@pytest.mark.parametrize(
    "cell",
    ["record(f'los{1}', 1)", "from someones import helper", "from .beside import helper", "%run other.py"],
    ids=["a computed name", "code of somebody", "code beside it", "a magic"],
)
def test_where_only_a_run_can_tell_nothing_is_refused(write_notebook: WriteNotebook, cell: str) -> None:
    check("los", write_notebook("fit", *FIT, cell))
