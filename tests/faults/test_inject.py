"""A copy of a project with a fault in it: what was delivered stays as it is, and what is copied can be run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from faults import shop
from kit.errors import FaultError, InputDataError
from kit.faults.catalogue import FAULTS
from kit.faults.delivery import Delivery, layout
from kit.faults.fault import Dose
from kit.faults.inject import Injected, chosen_span, clean_spans, days_of, inject
from kit.project import Project
from kit.project.read import read_project_file

SPANS = {"train_spans": "1-6", "eval_spans": "7"}
DATED = {"train_spans": "2026-01-01..2026-01-06", "eval_spans": "last 1"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return shop.write(tmp_path, "data/span-{SPAN}/orders.csv", SPANS)


def injected(project: Project, name: str, folder: Path, span: int = 7, share: float = 0.05) -> Injected:
    fault = FAULTS[name]
    return inject(project, fault, span, Dose(fault.column(project), share), folder)


def with_files(project: Project, files: str) -> Project:
    """Change the pattern of the project's files."""
    file = project.folder / "project.yml"
    file.write_text(
        file.read_text(encoding="utf-8").replace(project.spec.data.files, files, 1), encoding="utf-8"
    )
    return Project(project.folder, read_project_file(file))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_only_the_cells_at_fault_differ(project: Project, tmp_path: Path) -> None:
    done = injected(project, "negative-values", tmp_path / "spoiled")
    assert done.files == (tmp_path / "spoiled" / "data" / "span-7" / "orders.csv",)
    assert (done.column, done.rows, done.of) == ("pieces", 20, shop.ROWS)
    before, after = (pd.read_csv(path, dtype=str) for path in (*project.span_files(7), *done.files))
    changed = (before != after) & ~(before.isna() & after.isna())
    assert changed.sum().to_dict() == dict.fromkeys(before.columns, 0) | {"pieces": 20}
    assert (after["pieces"].astype(int) < 0).sum() == 20
    assert after["till"].str.startswith("0").all(), "what the project ignores is copied as it is"
    clean = [tmp_path / "spoiled" / "data" / f"span-{span}" / "orders.csv" for span in range(1, 7)]
    assert [path.read_bytes() for path in clean] == [
        project.span_files(span)[0].read_bytes() for span in range(1, 7)
    ]


@pytest.mark.parametrize("name", FAULTS)
def test_the_copy_can_be_read_and_the_original_is_as_it_was(
    project: Project, tmp_path: Path, name: str
) -> None:
    before = digests(project.folder)
    done = injected(project, name, tmp_path / "spoiled")
    assert digests(project.folder) == before
    made = Project(done.folder, read_project_file(done.folder / "project.yml"))
    assert (made.name, made.spec.columns, made.spec.slices) == ("spoiled", project.spec.columns, (("city",),))
    by_split = {file.split: file.path for file in made.input_files()}
    assert by_split["eval"] == done.files[-1]
    assert len(done.files) == FAULTS[name].days
    assert Delivery(made, 7).rows.table.num_rows == done.of
    assert not list(tmp_path.glob(".*")), "nothing half done is left"


def test_a_drift_is_in_the_days_before_as_well_and_training_is_clean(
    project: Project, tmp_path: Path
) -> None:
    done = injected(project, "slow-drift", tmp_path / "spoiled", share=1.0)
    made = Project(done.folder, read_project_file(done.folder / "project.yml"))
    assert str(made.spec.data.train_spans) == "1-2"
    means = [
        pd.read_csv(made.span_files(span)[0])["amount"].mean()
        - pd.read_csv(project.span_files(span)[0])["amount"].mean()
        for span in range(1, 8)
    ]
    assert means[:2] == [0, 0]
    deviation = pd.read_csv(project.span_files(7)[0])["amount"].std()
    assert [mean / deviation for mean in means[2:]] == pytest.approx([0.6, 1.2, 1.8, 2.4, 3.0], rel=0.15)


@pytest.mark.parametrize(("file_format", "suffix"), [("csv", "csv"), ("parquet", "parquet")])
def test_files_that_are_named_by_dates(tmp_path: Path, file_format: str, suffix: str) -> None:
    project = shop.write(tmp_path, "in/{YYYY}/{MM}/{DD}." + suffix, DATED, format=file_format)
    last = chosen_span(project, "")
    assert project.span_label(last) == "2026-01-07"
    assert chosen_span(project, "2026-01-07") == last
    done = injected(project, "unit-change", tmp_path / "spoiled", last)
    assert done.files[0].relative_to(done.folder) == Path("data", "2026", "01", f"07.{suffix}")
    made = Project(done.folder, read_project_file(done.folder / "project.yml"))
    assert (str(made.spec.data.train_spans), str(made.spec.data.eval_spans)) == (
        "2026-01-01..2026-01-06",
        "2026-01-07",
    )
    before, after = (Delivery(one, last).rows.table.to_pandas() for one in (project, made))
    changed = before["amount"].fillna(0) != after["amount"].fillna(0)
    assert changed.sum() == 20
    assert after["amount"][changed].to_numpy() == pytest.approx(100 * before["amount"][changed].to_numpy())
    if file_format == "parquet":
        types = [pd.read_parquet(path).dtypes.to_dict() for path in (*project.span_files(last), *done.files)]
        assert types[0] == types[1]


def test_a_span_of_several_files_keeps_them_apart(tmp_path: Path) -> None:
    project = shop.write(tmp_path, "{SPAN}/a.csv", SPANS, delimiter=";")
    for span in range(1, 8):
        shop.day(span + 100, 50).to_csv(project.folder / f"{span}" / "b.csv", index=False, sep=";")
    project = with_files(project, "{SPAN}/*.csv")
    done = injected(project, "duplicated-rows", tmp_path / "spoiled", share=1.0)
    assert [path.name for path in done.files] == ["a.csv", "b.csv"]
    assert [len(lines(path)) - 1 for path in done.files] == [2 * shop.ROWS, 2 * 50]
    for path in done.files:
        original = lines(project.folder / "7" / path.name)
        assert lines(path) == [original[0], *(line for line in original[1:] for _ in range(2))]


def test_files_of_one_name_in_several_folders_are_refused(tmp_path: Path) -> None:
    project = shop.write(tmp_path, "x/{SPAN}.csv", SPANS)
    (project.folder / "y").mkdir()
    shop.day(3).to_csv(project.folder / "y" / "3.csv", index=False)
    project = with_files(project, "./**/{SPAN}.csv")
    assert layout(project) == "{SPAN}.csv"
    with pytest.raises(FaultError, match="needs a name of its own in the copy"):
        injected(project, "negative-values", tmp_path / "spoiled")
    assert not (tmp_path / "spoiled").exists()


@pytest.mark.parametrize(
    ("span", "days", "clean"), [(7, [7], [1, 2, 3, 4, 5, 6]), (4, [4], [1, 2, 3]), (1, [1], [2, 3, 4, 5, 6])]
)
def test_the_clean_spans_are_those_of_training_beside_the_fault(
    project: Project, span: int, days: list[int], clean: list[int]
) -> None:
    assert days_of(project, FAULTS["null-burst"], span) == days
    assert clean_spans(project, days) == clean


def test_what_cannot_be_done_is_said_before_anything_is_written(project: Project, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "data.csv").touch()
    for folder, message in (
        (tmp_path / "full", "is there and is not empty"),
        (tmp_path / "full" / "data.csv", "is there and is not empty"),
        (tmp_path / "With-Dash", "such as shop_spoiled"),
        (tmp_path / "recommender", "none that is built in"),
        (project.folder / "inside", "must be outside"),
    ):
        with pytest.raises(FaultError, match=message):
            injected(project, "null-burst", folder)
    with pytest.raises(FaultError, match="grows over 5 spans, but until 4 only 4 are there"):
        injected(project, "slow-drift", tmp_path / "spoiled", 4)
    with pytest.raises(FaultError, match="all of train_spans of shop would have it"):
        clean_spans(project, [1, 2, 3, 4, 5, 6])
    with pytest.raises(InputDataError, match="span 9"):
        injected(project, "null-burst", tmp_path / "spoiled", 9)
    with pytest.raises(FaultError, match="chicago_taxi has no spans"):
        injected(Project.load("chicago_taxi"), "null-burst", tmp_path / "spoiled")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "shop"]


def test_an_empty_folder_is_as_good_as_none(project: Project, tmp_path: Path) -> None:
    (tmp_path / "spoiled").mkdir()
    assert injected(project, "late-day", tmp_path / "spoiled").rows == 20


@pytest.mark.parametrize(
    ("text", "message"), [("1-2", "found '1-2'"), ("last 1", "found 'last 1'"), ("x", "spans are written as")]
)
def test_a_span_is_one(project: Project, text: str, message: str) -> None:
    assert chosen_span(project, " 3 ") == 3
    with pytest.raises(FaultError, match=message):
        chosen_span(project, text)
