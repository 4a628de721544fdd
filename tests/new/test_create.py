from __future__ import annotations

import ast
import glob
import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from imports import imported_by

from kit.errors import InputDataError, KitError, ProjectError, UsageError
from kit.new import Created, create
from kit.project import Project

from .shop import ROWS, make, shop


def test_the_project_loads_and_its_code_is_python(tmp_path: Path) -> None:
    created = make(tmp_path, shop())
    project = Project.load(created.folder)
    assert project.spec.task == "binary"
    assert [file.path for file in project.input_files()] == [tmp_path / "shop.csv"]
    assert project.spec.slices == (("city",),)
    # A smaller file gives other answers, so it has to be asked for.
    assert project.spec.release.litert.variant == "float"
    for part in ("features.py", "model.py", "__init__.py"):
        ast.parse((created.folder / part).read_text(encoding="utf-8"))
    assert [path.name for path in created.folder.parent.iterdir()] == ["shop"]


def test_the_summary_has_a_line_a_column(tmp_path: Path) -> None:
    text = make(tmp_path, shop()).table()
    assert "120 rows" in text
    for column in ("age", "city", "bought"):
        assert f"  {column} " in text


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_delimiters_and_byte_order_marks(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "d.csv"
    table = shop(note=["a, b; c", "d|e", 'he said "f"'] * 40)
    table.to_csv(path, index=False, sep=delimiter, encoding=encoding)
    created = create("shop", path, "bought", tmp_path / "projects")
    assert list(created.kinds) == list(table.columns)
    assert Project.load(created.folder).spec.data.delimiter == delimiter


HARD_NAMES = [
    "größe (cm)",
    "市 区",
    "a/b: c",
    'he said "x"',
    "it's",
    "{SPAN}",
    "yes",
    "1",
    "# no",
    "class",
    "a\\b",
    "$x",
    "- d",
]


@pytest.mark.parametrize("name", HARD_NAMES)
@pytest.mark.parametrize("role", ["label", "feature"])
def test_columns_may_be_called_anything(tmp_path: Path, name: str, role: str) -> None:
    renamed = {"bought": name} if role == "label" else {"city": name}
    created = make(tmp_path, shop().rename(columns=renamed), renamed.get("bought", "bought"))
    project = Project.load(created.folder)
    assert name in project.columns
    for part in ("features.py", "model.py", "__init__.py"):
        ast.parse((created.folder / part).read_text(encoding="utf-8"))


LABELS = {
    "0 and 1": ([0, 1] * 60, "binary", "int", (0, 1)),
    "true and false": (["true", "false"] * 60, "binary", "string", ("false", "true")),
    "yes and no": (["yes", "no", "no"] * 40, "binary", "string", ("no", "yes")),
    "two words, the rarer last": (["apple", "pear", "pear"] * 40, "binary", "string", ("pear", "apple")),
    "words": (["b", "a", "c"] * 40, "multiclass", "string", ("a", "b", "c")),
    "few whole numbers": ([3, 5, 9] * 40, "multiclass", "int", (3, 5, 9)),
    "decimals": ([i * 0.31 for i in range(ROWS)], "regression", "float", ()),
    "many whole numbers": (list(range(ROWS)), "regression", "float", ()),
}


@pytest.mark.parametrize(("values", "task", "dtype", "classes"), LABELS.values(), ids=LABELS)
def test_the_label_decides_the_task(
    tmp_path: Path, values: list[Any], task: str, dtype: str, classes: tuple[Any, ...]
) -> None:
    created = make(tmp_path, shop(bought=values))
    project = Project.load(created.folder)
    assert (project.spec.task, project.columns["bought"].dtype, created.label.classes) == (
        task,
        dtype,
        classes,
    )


def test_a_task_may_be_asked_for(tmp_path: Path) -> None:
    created = make(tmp_path, shop(bought=[1, 2, 3, 4] * 30), task="regression")
    assert Project.load(created.folder).spec.task == "regression"


def test_gates_are_what_a_useless_model_reaches(tmp_path: Path) -> None:
    prices = [float(i) for i in range(ROWS)]
    gates = Project.load(make(tmp_path, shop(bought=prices)).folder).spec.gates
    assert gates[0].metric == "mse"
    assert gates[0].max == pytest.approx(pd.Series(prices).var(ddof=0), rel=0.01)


def test_a_rare_class_is_warned_of(tmp_path: Path) -> None:
    created = make(tmp_path, shop(bought=["yes"] * 2 + ["no"] * 118))
    assert "class 'yes' has only 2 rows (1.67%)" in created.warnings[0]
    assert Project.load(created.folder).spec.gates[0].min == 0.5


def test_amounts_far_from_the_others_are_warned_of(tmp_path: Path) -> None:
    amounts = [i * 37 % 120 + 0.5 for i in range(ROWS)]
    assert make(tmp_path, shop(bought=amounts)).warnings == ()
    [warning] = make(tmp_path / "far", shop(bought=[*amounts[1:], 1e6])).warnings
    assert "1% of the values, such as 1e+06, make 99% of the variance" in warning


REFUSALS = {
    "label missing": (shop(), "bougth", None, ProjectError, "Did you mean bought"),
    "label constant": (shop(bought=1), "bought", None, InputDataError, "is 1 in every row"),
    "label with gaps": (
        shop(bought=[None, "a", "b"] * 40),
        "bought",
        None,
        InputDataError,
        "it is missing in 40 of 120 rows",
    ),
    "label NaN": (
        shop(bought=["nan", 1.5, 2.5] * 40),
        "bought",
        None,
        InputDataError,
        "it is missing in 40 of 120 rows",
    ),
    "label infinite": (shop(bought=["inf", 1.5, 2.5] * 40), "bought", None, InputDataError, "infinity"),
    "few rows": (shop()[:49], "bought", None, InputDataError, "has 49"),
    "too many classes": (
        shop(bought=[f"w{i}" for i in range(ROWS)]),
        "bought",
        None,
        InputDataError,
        "id or free text",
    ),
    "numbers as classes": (
        shop(bought=range(ROWS)),
        "bought",
        "multiclass",
        InputDataError,
        "Take regression",
    ),
    "no feature": (
        shop(age=1, city=range(ROWS)),
        "bought",
        None,
        InputDataError,
        "city a different whole number",
    ),
    "one column": (shop()[["bought"]], "bought", None, InputDataError, "nothing else"),
    "words to regress": (shop(), "bought", "regression", UsageError, "words such as 'no'"),
    "three for binary": (shop(), "city", "binary", UsageError, "has 3"),
    "unknown task": (shop(), "bought", "ranking", UsageError, "binary, multiclass, regression"),
}


@pytest.mark.parametrize(("table", "label", "task", "error", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_label_or_task_that_cannot_be_is_refused_and_nothing_written(  # noqa: PLR0913, PLR0917  the columns of the table above
    tmp_path: Path, table: pd.DataFrame, label: str, task: str | None, error: type[KitError], words: str
) -> None:
    with pytest.raises(error, match=words):
        make(tmp_path, table, label, task)
    assert not (tmp_path / "ws").exists()


BAD_FILES = {
    "empty": (b"", "empty"),
    "header only": (b"age,city,bought\n", "only a header"),
    "binary": (b"\x89PNG\r\n\x00\x00\x00", "UTF-8"),
    "binary but text so far": (b"a,b\n\x00\x01,2\n", "binary"),
    "latin-1": ("größe,bought\n1,2\n".encode("latin-1"), "UTF-8"),
    "latin-1 further on": (b"a,bought\n" + b"1,2\n" * 9000 + b"\xe9,2\n", "has rows that are not"),
    "gzip": (gzip.compress(b"a,bought\n1,2\n"), "gunzip"),
    "Excel": (b"PK\x03\x04\x14\x00\xff", "save the sheet"),
    "a row too wide": (b"a,bought\n" + b"1,2\n" * 60 + b"1,2,3\n", "not a well-formed csv"),
    "duplicate column": (b"a,a,bought\n1,2,3\n", "more than once"),
    "broken Parquet": (b"PAR1" + b"x" * 50, "not a well-formed parquet"),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_files_that_are_no_tables(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "data"
    path.write_bytes(content)
    with pytest.raises(InputDataError, match=words):
        create("shop", path, "bought", tmp_path / "projects")
    assert not (tmp_path / "projects").exists()


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="there is none"):
        create("shop", tmp_path / "none.csv", "bought", tmp_path)


def test_a_folder_in_place_of_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="but is a folder"):
        create("shop", tmp_path, "bought", tmp_path / "projects")


@pytest.mark.parametrize(
    ("name", "hint"), [("My Shop", "my_shop"), ("1st", "begins with a letter"), ("", "letter")]
)
def test_names_that_are_not_valid(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(ProjectError, match=hint):
        create(name, tmp_path / "shop.csv", "bought", tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    created = make(tmp_path, shop())
    before = (created.folder / "features.py").read_bytes()
    with pytest.raises(ProjectError, match="exists"):
        make(tmp_path, shop(age=1))
    assert (created.folder / "features.py").read_bytes() == before


def test_a_built_in_project_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="exists"):
        create("chicago_taxi", tmp_path / "shop.csv", "bought", tmp_path)


def test_a_file_whose_name_is_a_pattern(tmp_path: Path) -> None:
    path = tmp_path / "shop [1]*.csv"
    shop().to_csv(path, index=False)
    shop().to_csv(tmp_path / "shop 1x.csv", index=False)
    created = create("shop", path, "bought", tmp_path / "projects")
    assert [file.path for file in Project.load(created.folder).input_files()] == [path]


def test_data_elsewhere_is_named_by_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    created = create_in(tmp_path, tmp_path / "far" / "shop.csv")
    assert yaml.safe_load((created.folder / "project.yml").read_text())["data"]["files"] == glob.escape(
        str(tmp_path / "far" / "shop.csv")
    )


def create_in(tmp_path: Path, path: Path) -> Created:
    shop().to_csv(path, index=False)
    return create("shop", path, "bought", tmp_path / "ws" / "projects")


def test_tensorflow_is_not_imported() -> None:
    modules, _ = imported_by("import kit.new")
    assert "kit.new" in modules
    assert "tensorflow" not in modules


def test_numbers_that_were_never_negative_must_stay_so(tmp_path: Path) -> None:
    created = make(tmp_path, shop(balance=[i % 50 - 20.5 for i in range(ROWS)]))
    checks = Project.load(created.folder).spec.checks
    [rule] = checks.validations
    assert (rule.feature, rule.expression, rule.severity) == ("age", "feature.num_stats.min >= 0", "warn")
    text = (created.folder / "project.yml").read_text()
    for name, applies in {"drift": True, "label_rates": True, "volume": False, "shared_keys": False}.items():
        assert (f"\n  {name}: " in text) is applies
