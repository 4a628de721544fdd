"""Where projects and their data are found, and what steps ask a project."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from valid_projects import SMALL, write

import kit.projects
from kit.errors import InputDataError, KitError, ProjectError
from kit.project import Project
from kit.project.folder import BUILT_IN
from kit.training.config import Training
from kit.workspace import CHECKOUT


@pytest.fixture(autouse=True)
def _imports_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a project makes it importable for the rest of the process."""
    monkeypatch.setattr(kit.projects, "__path__", list(kit.projects.__path__))


# -- spans


@pytest.fixture
def daily(tmp_path: Path) -> Project:
    """Return a project whose spans 1 to 4 have a file."""
    for span in range(1, 5):
        (tmp_path / f"day-{span}.csv").write_text("age,city,bought\n")
    section = "data: {files: '../day-{SPAN}.csv', train_spans: 1-3, eval_spans: 4}"
    return Project.load(write(tmp_path / "shop", SMALL.replace("data: {files: visitors.csv}", section)))


def test_input_files_have_the_split_and_span_of_their_rows(daily: Project) -> None:
    assert [(file.path.name, file.split, file.span) for file in daily.input_files("2", "3-4")] == [
        ("day-2.csv", "train", 2),
        ("day-3.csv", "eval", 3),
        ("day-4.csv", "eval", 4),
    ]
    assert [file.span for file in daily.input_files()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("train", "held_out", "expected"),
    [
        ("1-3", "3-4", "not both, but 3 is in train_spans 1-3 and eval_spans 3-4. Choose"),
        ("", "1", "but 1 is in train_spans 1-3 and eval_spans 1"),
        ("3-1", "", "The range 3-1 runs backwards; write 1-3"),
        (
            "all",
            "",
            r"Spans are written as 3, 1-6, .* or last 6, not as 'all'\. Write for example 1-6 or last 6",
        ),
        (
            "1",
            "5",
            "eval_spans 5 must be there, but 5 was not delivered; delivered are 1-4. Choose other spans",
        ),
        ("1-3", f"5-{10**12}", f"but 5-{10**12} were not delivered; delivered are 1-4"),
        (f"1-{10**12}", "4", "but 4 is in"),
        (
            "2026-01-01",
            "",
            r"The spans of \.\./day-{SPAN}\.csv are numbers such as 1-6, not dates such as 2026-01-01",
        ),
        (
            "last 4",
            "",
            r"train_spans last 4 must be there, but only 3 of 4 spans are there; delivered",
        ),
        ("3", "last 2", "but 3 is in train_spans 3 and eval_spans last 2"),
        ("last 2", "1", "but only 0 of 2 spans are there; delivered are 1-4"),
    ],
)
def test_spans_that_cannot_be_are_refused(daily: Project, train: str, held_out: str, expected: str) -> None:
    with pytest.raises(KitError, match=expected) as raised:
        daily.input_files(train, held_out)
    assert isinstance(raised.value, ProjectError | InputDataError)


@pytest.mark.parametrize(
    ("train", "held_out", "expected"),
    [
        ("last 2", "last 1", ([2, 3], [4])),
        ("last 2", "3", ([1, 2], [3])),
        ("last 1", "last 2", ([2], [3, 4])),
    ],
)
def test_a_window_rolls_with_what_was_delivered(
    daily: Project, train: str, held_out: str, expected: tuple[list[int], list[int]]
) -> None:
    files = daily.input_files(train, held_out)
    assert (
        tuple([file.span for file in files if file.split == split] for split in ("train", "eval")) == expected
    )


def test_the_files_of_a_span(daily: Project) -> None:
    assert daily.spans() == [1, 2, 3, 4]
    assert [path.name for path in daily.span_files(3)] == ["day-3.csv"]
    assert daily.span_label(3) == "3"
    with pytest.raises(
        InputDataError, match=r"files of span 9 are expected at \.\./day.*; but delivered|are 1-4\. Ch"
    ):
        daily.span_files(9)


# What stands below data in project.yml.
DATED = "{files: '{YYYY}/{MM}/orders-{DD}.csv', train_spans: 2025-12-30..2026-01-01, eval_spans: last 1%s}"


def dated(folder: Path, *days: str, more: str = "") -> Project:
    """Return a project whose spans are days, and deliver some."""
    write(folder / "shop", SMALL.replace("{files: visitors.csv}", DATED % more))
    for day in days:
        year, month, number = day.split("-")
        path = folder / "shop" / year / month / f"orders-{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("age,city,bought\n")
    return Project.load(folder / "shop")


def test_days_are_spans_with_the_numbers_of_tfx(tmp_path: Path) -> None:
    project = dated(tmp_path / "a [b]", "2025-12-30", "2025-12-31", "2026-01-01", "2026-01-02")
    assert project.spans() == [20452, 20453, 20454, 20455]  # days since 1970-01-01
    assert [project.span_label(span) for span in project.spans()][1:3] == ["2025-12-31", "2026-01-01"]
    assert [(file.path.name, file.split, file.span) for file in project.input_files()] == [
        ("orders-30.csv", "train", 20452),
        ("orders-31.csv", "train", 20453),
        ("orders-01.csv", "train", 20454),
        ("orders-02.csv", "eval", 20455),
    ]
    assert project.input_files("20453", "2026-01-01") == project.input_files("2025-12-31", "20454")
    with pytest.raises(
        ProjectError, match="but 2025-12-31 is in train_spans 2025-12-31 and eval_spans last 3"
    ):
        project.input_files("2025-12-31", "last 3")
    with pytest.raises(ProjectError, match="are dates such as 2026-01-31, and 9999999 is past the calendar"):
        project.input_files("9999999")


def test_a_day_that_is_missing_is_an_error_until_project_yml_lets_it_be_skipped(tmp_path: Path) -> None:
    days = ("2025-12-30", "2026-01-01", "2026-01-02")
    expected = (
        r"train_spans 2025-12-30\.\.2026-01-01 must be there, but 2025-12-31 was not delivered; delivered are "
        r"2025-12-30, 2026-01-01\.\.2026-01-02\. Choose .* with `missing_spans: skip` under data in project.yml the"
    )
    with pytest.raises(InputDataError, match=expected):
        dated(tmp_path / "strict", *days).input_files()
    lenient = dated(tmp_path / "lenient", *days, more=", missing_spans: skip")
    assert [file.span for file in lenient.input_files()] == [20452, 20454, 20455]
    train = lenient.inputs().chosen["train"]
    assert (train.lack, train.is_whole) == ("2025-12-31 was not delivered", False)
    with pytest.raises(InputDataError, match="eval_spans 2026-03-01 must be there, but"):
        lenient.input_files("", "2026-03-01")  # nothing is left to evaluate on


def test_a_hole_in_a_window_is_told_and_is_no_error(tmp_path: Path) -> None:
    project = dated(tmp_path, "2025-12-30", "2026-01-01", "2026-01-02")
    train = project.inputs("last 2", "last 1").chosen["train"]
    assert train.spans == (20452, 20454)
    assert (train.lack, train.is_whole) == ("2025-12-31 was not delivered", True)


def test_a_file_of_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ProjectError, match=r"days of the calendar, but .*2026/02/orders-30\.csv is not\. Rename"
    ):
        dated(tmp_path, "2026-01-01", "2026-02-30").spans()


def test_a_project_without_spans_takes_none(tmp_path: Path) -> None:
    folder = tmp_path / "data [old]"  # what a pattern would take for a set of letters
    project = Project.load(write(folder / "shop"))
    with pytest.raises(ProjectError, match="Data files are expected at"):
        project.input_files()
    (folder / "shop" / "visitors.csv").write_text("age,city,bought\n")
    assert [(file.split, file.span) for file in project.input_files()] == [("all", None)]
    with pytest.raises(ProjectError, match="Leave train_spans and eval_spans empty"):
        project.input_files("1", "2")


@pytest.mark.parametrize("package", ["no_such_package", "no_such_package.part", "json.decoder"])
def test_data_of_a_package_that_is_not_installed(tmp_path: Path, package: str) -> None:
    project = Project.load(
        write(tmp_path / "shop", SMALL.replace("visitors.csv", f"package:{package}/rows.csv"))
    )
    with pytest.raises(ProjectError, match=f"must name an installed package, but {package} is not"):
        project.input_files()


# -- finding projects


@pytest.mark.parametrize("name", sorted(path.parent.name for path in BUILT_IN.glob("*/project.yml")))
def test_built_in_projects_load_and_find_their_data(name: str) -> None:
    project = Project.load(name)
    assert project.folder == BUILT_IN / name
    assert project.input_files()
    assert project.label in project.columns
    assert project.label not in project.features


def test_a_project_is_found_in_the_workspace_and_by_its_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "ws" / "projects" / "shop")
    by_name = Project.load("shop", tmp_path / "ws")
    by_folder = Project.load(folder)
    assert by_name.folder == by_folder.folder == folder
    assert by_name.dotted("model", "run_fn") == "kit.projects.shop.model.run_fn"
    assert str(folder.parent) in kit.projects.__path__
    assert list(by_name.features) == ["age", "city"]


@pytest.mark.parametrize("part", ["project.yml", "features.py", "model.py"])
def test_a_missing_part_is_named(tmp_path: Path, part: str) -> None:
    folder = write(tmp_path / "shop")
    (folder / part).unlink()
    with pytest.raises(ProjectError, match=f"has no {part}. Add it, or write a new project with `kit new`"):
        Project.load(folder)


def test_a_missing_schema_file_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", SMALL + "schema_file: schema.pbtxt\n")
    with pytest.raises(ProjectError, match=r"there is no .*schema\.pbtxt. Add it, or leave schema_file out"):
        Project.load(folder)


def test_the_folder_and_the_file_have_one_name(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="must be the folder's name 'store', but is 'shop'"):
        Project.load(write(tmp_path / "store"))


def test_a_copy_of_a_built_in_project_needs_a_name_of_its_own(tmp_path: Path) -> None:
    """Its features.py would never be imported: the built-in one has the same dotted name."""
    copied = shutil.copytree(BUILT_IN / "chicago_taxi", tmp_path / "projects" / "chicago_taxi")
    for name, workspace in ((str(copied), CHECKOUT), ("chicago_taxi", tmp_path)):
        with pytest.raises(ProjectError, match=r"has that of the built-in project chicago_taxi. Rename"):
            Project.load(name, workspace)


# -- what steps ask a project


def test_the_digest_of_the_code_changes_with_the_code_and_with_nothing_else(tmp_path: Path) -> None:
    project = Project.load(write(tmp_path / "shop"))
    before, with_room = project.code_digest(), project.code_digest("features")
    assert project.code_digest() == before != with_room
    (project.folder / "notes.txt").write_text("not code")
    assert project.code_digest() == before
    (project.folder / "model.py").write_text("EPOCHS = 3\n")
    assert project.code_digest() != before
    assert project.code_digest("features") != with_room
    (project.folder / "model.py").write_text("")
    assert project.code_digest() == before
    (project.folder / "lib").mkdir()
    (project.folder / "lib" / "helper.py").write_text("EPOCHS = 3\n")
    (project.folder / ".ipynb_checkpoints").mkdir()
    (project.folder / ".ipynb_checkpoints" / "model.py").write_text("EPOCHS = 3\n")
    beside = project.code_digest()
    (project.folder / "lib" / "helper.py").rename(project.folder / "helper.py")
    assert before != beside != project.code_digest() != before


def test_parameters_override_the_training_of_a_project() -> None:
    training = Training(epochs=4, learning_rate=0.1)
    assert training.override(seed=0).seed == 0 != training.override(seed=None).seed
    assert training.override(epochs=2, batch_size=0) == Training(epochs=2, learning_rate=0.1)
    with pytest.raises(
        ProjectError, match=r"epochs: .*greater than or equal to 1, found -1. Give another, or 0"
    ):
        training.override(epochs=-1)


def test_a_training_is_told_by_what_is_not_as_usual() -> None:
    usual = {"epochs": 5, "batch_size": 256, "learning_rate": 0.001, "seed": 7}
    assert Training().told() == usual
    training = Training(strategy="mirrored", jit_compile=True, model={"dropout": 0.2, "gated": False})
    assert training.told() == {
        **usual, "strategy": "mirrored", "jit_compile": "on", "dropout": 0.2, "gated": "off"
    }  # fmt: skip
