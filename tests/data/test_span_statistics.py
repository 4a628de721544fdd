"""Statistics of a span equal StatisticsGen's of its examples, are computed once, and again when the bytes differ."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from valid_projects import SMALL

from kit.data import span_statistics
from kit.data.example_gen import ProjectExampleGen
from kit.data.span_statistics import SpanStatistics
from kit.data.statistics import StatisticsGen, load_statistics, statistics_of_batches
from kit.errors import InputDataError
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

_HEADER = "age,city,paid,bought\n"


def shop(folder: Path, *spans: str) -> Project:
    folder.mkdir()
    for number, rows in enumerate(spans, 1):
        (folder / f"{number}.csv").write_text(_HEADER + rows)
    text = SMALL.replace("{files: visitors.csv}", "{files: '{SPAN}.csv', train_spans: 1, eval_spans: 2}")
    text = text.replace("  city: category\n", "  city: category\n  paid: {kind: number, dtype: int}\n")
    (folder / "project.yml").write_text(text)
    for part in ("features.py", "model.py"):
        (folder / part).touch()
    return Project.load(folder)


def rows(seed: int, count: int = 3_000) -> str:
    """Return rows in which every column but the label has gaps, and the whole number has none but gaps at times."""
    draw = np.random.default_rng(seed)
    cells = zip(
        draw.normal(40, 9, count), draw.integers(0, 40, count), draw.random((count, 3)) < 0.9, strict=True
    )
    return "".join(
        f"{age:.3f},{'köln' if city else 'bonn'},{city},{city % 2}\n"
        if has.all()
        else f"{age if has[0] else ''},{f'c{city}' if has[1] else ''},{city if has[2] else ''},1\n"
        for age, city, has in cells
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def test_equal_those_of_the_examples_to_the_last_bit(tmp_path: Path, workspace: Workspace) -> None:
    no_city = "".join(f"{age},,,1\n" for age in range(50))  # columns that no row has
    session = Session(workspace, shop(tmp_path / "shop", rows(1), no_city))
    example_gen = ProjectExampleGen(session.project)
    session.run(example_gen)
    session.run(StatisticsGen(examples=example_gen.outputs["examples"]))
    ours = SpanStatistics(workspace, session.project)
    for span, split in enumerate(["train", "eval"], 1):
        assert ours.of(span) == load_statistics(session.path("StatisticsGen", "statistics"), split)


def test_batches_of_one_size_however_the_file_is_read(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop(tmp_path / "shop", rows(1, 500), rows(2, 700))
    monkeypatch.setattr(span_statistics, "BATCH_ROWS", 400)
    files = [*project.span_files(1), *project.span_files(2)]
    both = SpanStatistics(workspace, project).of_files(files)
    assert both.datasets[0].num_examples == 1_200
    sizes: list[int] = []

    def count(batches: Iterable[pa.RecordBatch]) -> object:
        sizes.extend(batch.num_rows for batch in batches)
        return both

    monkeypatch.setattr(span_statistics, "statistics_of_batches", count)
    (tmp_path / "shop" / "1.csv").write_text(_HEADER + rows(3, 1_000))
    SpanStatistics(workspace, project).of(1)
    assert sizes == [400, 400, 200]


def test_are_computed_once_and_again_when_the_bytes_differ(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop(tmp_path / "shop", rows(1, 50), rows(2, 60))
    before = SpanStatistics(workspace, project).of(1)
    with monkeypatch.context() as patch:
        patch.setattr(span_statistics, "statistics_of_batches", None)
        assert SpanStatistics(workspace, project).of(1) == before
    (tmp_path / "shop" / "1.csv").write_text(_HEADER + rows(3, 70))
    assert SpanStatistics(workspace, project).of(1).datasets[0].num_examples == 70
    assert len(list((workspace.path / "statistics" / "shop").iterdir())) == 2  # the history keeps both


def test_half_a_file_of_statistics_is_computed_again(tmp_path: Path, workspace: Workspace) -> None:
    project = shop(tmp_path / "shop", rows(1, 50))
    whole = SpanStatistics(workspace, project).of(1)
    [kept] = (workspace.path / "statistics" / "shop").iterdir()
    kept.write_bytes(kept.read_bytes()[:-7])
    assert SpanStatistics(workspace, project).of(1) == whole


def test_a_span_that_grows_while_it_is_read(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop(tmp_path / "shop", rows(1, 50))

    def slow(batches: Iterable[pa.RecordBatch]) -> object:
        computed = statistics_of_batches(batches)
        with (tmp_path / "shop" / "1.csv").open("a") as file:
            file.write(rows(2, 10))
        return computed

    monkeypatch.setattr(span_statistics, "statistics_of_batches", slow)
    with pytest.raises(InputDataError, match=r"1\.csv must be whole .* changed meanwhile"):
        SpanStatistics(workspace, project).of(1)
    assert not (workspace.path / "statistics").exists()


def test_a_span_that_was_not_delivered(tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(InputDataError, match="delivered are 1"):
        SpanStatistics(workspace, shop(tmp_path / "shop", rows(1, 5))).of(4)
