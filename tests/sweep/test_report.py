from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise
from pathlib import Path

from kit.sweep.charts import Dot, scatter
from kit.sweep.records import PointRecord, SweepFolder, SweepRecord, best_of, ordered
from kit.sweep.report import as_page, summary
from kit.sweep.results import results_table, write_results
from kit.sweep.space_file import POINT_COLUMNS, Metric


def sweep(goal: str | None = "maximise") -> SweepRecord:
    return SweepRecord(
        name="<lr>",
        workspace="/w",
        started=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        shared=[],
        own=["/n/fit.ipynb"],
        fixed={},
        swept=["rate", "kind"],
        count=5,
        metrics=[Metric.model_validate({"name": "auc", "goal": goal}), Metric(name="rows")],
    )


POINTS = [
    PointRecord(number=1, values={"rate": 0.1, "kind": "a"}, state="done", exit_code=0, metrics={"auc": 0.6}),
    PointRecord(
        number=2,
        values={"rate": 1, "kind": "<b>"},
        state="done",
        exit_code=0,
        metrics={"auc": 0.7, "rows": 3},
    ),
    PointRecord(
        number=3,
        values={"rate": 0.5},
        state="done",
        exit_code=12,
        metrics={"auc": 0.9},
        reason="not blessed",
    ),
    PointRecord(number=4, values={"kind": "a"}, state="failed", reason="<no luck>", attempts=2),
    PointRecord(number=5, values={"rate": 0.7, "kind": "a"}),
]


def test_what_a_gate_has_stopped_is_never_the_best() -> None:
    best = best_of(sweep(), POINTS)
    assert best is not None
    assert best.number == 2
    assert [point.number for point in ordered(sweep(), POINTS)] == [2, 1, 3, 4, 5]
    assert [point.number for point in ordered(sweep("minimise"), POINTS)][:2] == [1, 2]
    assert [point.number for point in ordered(sweep(None), POINTS)] == [1, 2, 3, 4, 5]
    assert best_of(sweep(None), POINTS) is None


def test_the_page_tells_all_and_runs_nothing() -> None:
    page = as_page(sweep(), POINTS)
    assert summary(sweep(), POINTS).startswith(
        "Points done: 3 of 5; stopped by a gate: 1; left out: 1; not ended: 1."
    )
    assert page.count("<figure>") == 2
    assert page.count('class="best"') == 3  # the row, and a dot in each chart
    assert page.count('class="stopped"') == 2  # in the table and in the one chart whose parameter it has
    assert "&lt;no luck&gt;" in page
    assert not re.search(r"<(script|b|no luck)>|https?://", page)


def test_a_chart_puts_numbers_by_size_and_names_side_by_side() -> None:
    def across(figure: str) -> list[float]:
        return [float(x) for x in re.findall(r'cx="([\d.]+)"', figure)]

    low, middle, high = across(scatter("x", [Dot(v, v, "") for v in (0.01, 0.1, 1.0)], "y", logarithmic=True))
    assert abs((middle - low) - (high - middle)) < 0.2
    low, middle, high = across(scatter("x", [Dot(v, v, "") for v in (0, 1, 10)], "y"))
    assert (middle - low) * 8 < high - middle
    first, second = across(scatter("x", [Dot("a", 1, ""), Dot("b", 1, "")], "y"))  # equal values are no scale
    assert first < second


def test_values_under_an_axis_cover_no_other_and_stay_inside() -> None:
    rates = (0.00130616, 0.00139596, 0.00444289, 0.00706380, 0.00736701)
    figure = scatter("rate", [Dot(rate, rate, "") for rate in rates], "auc")
    names = [
        (float(x) - len(name) * 3, float(x) + len(name) * 3)
        for x, name in re.findall(r'<text x="([\d.]+)"[^>]*"middle">([^<]+)', figure)
    ]
    assert len(names) == 3
    assert all(end < begin for (_, end), (begin, _) in pairwise(names))
    assert names[-1][1] <= 320, "pixels of the chart's width"


def test_the_table_keeps_types_in_parquet(tmp_path: Path) -> None:
    import pandas as pd  # noqa: PLC0415  slow to import

    folder = SweepFolder(tmp_path)
    write_results(folder, sweep(), POINTS)
    table = pd.read_parquet(tmp_path / "results.parquet")
    assert set(table.columns) == {*POINT_COLUMNS, "rate", "kind", "auc", "rows"}
    assert table["point"].tolist() == [2, 1, 3, 4, 5]
    assert table["exit_code"].tolist()[:3] == [0, 0, 12]
    assert table["state"].tolist()[3:] == ["left out", "pending"]
    place = tmp_path / "points" / "0002" / "ws"
    place.mkdir(parents=True)
    assert results_table(folder, sweep(), POINTS)["workspace"].tolist() == [
        str(place),
        *[""] * (len(POINTS) - 1),
    ]


def test_values_of_several_types_are_no_reason_to_fail(tmp_path: Path) -> None:
    points = [
        PointRecord(number=number, values={"rate": value, "kind": "a"})
        for number, value in enumerate((1, 0.5, True), 1)
    ]
    write_results(SweepFolder(tmp_path), sweep(), points)
    assert (tmp_path / "results.parquet").exists()
