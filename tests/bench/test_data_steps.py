"""Both ways do the same work on the same rows, which is what makes their times comparable."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.bench import data_steps
from kit.bench.generated import Size, generate, make_project
from kit.data.example_gen import SPLITS
from kit.data.records import count_records
from kit.data.statistics import load_statistics


def test_both_read_all_rows_into_the_same_splits(tmp_path: Path) -> None:
    generate(Size(10, 50, 50), tmp_path)
    make_project(tmp_path / "generated", tmp_path)
    for way in ("kit", "stock"):
        executor, inputs, outputs, properties = data_steps._work(way, "ExampleGen", tmp_path)
        executor.Do(inputs, outputs, properties)
        examples = tmp_path / way / "ExampleGen" / "examples"
        assert [count_records(examples, split) for split in SPLITS] == [60, 10]
    executor, inputs, outputs, properties = data_steps._work("kit", "StatisticsGen", tmp_path)
    executor.Do(inputs, outputs, properties)
    [statistics] = load_statistics(tmp_path / "kit" / "StatisticsGen" / "statistics", "train").datasets
    assert statistics.num_examples == 60
    _, inputs, _, _ = data_steps._work("stock", "StatisticsGen", tmp_path)
    assert inputs["examples"][0].uri == str(tmp_path / "kit" / "ExampleGen" / "examples")


def test_the_figures_are_the_kit_over_stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"kit": {"seconds": 2.0, "peak_mb": 900.0}, "stock": {"seconds": 10.0, "peak_mb": 800.0}}
    for name in ("generate", "make_project"):
        monkeypatch.setattr(data_steps, name, lambda *_: None)
    monkeypatch.setattr(data_steps, "_measured", lambda way, *_: measured[way])
    figures = list(data_steps.data_steps(tmp_path, Size(10, 50, 50)))
    assert [(figure.value, figure.ok) for figure in figures] == [(0.2, True), (1.125, False)] * 2
    assert (figures[0].measured, figures[0].peer) == (2.0, 10.0)
