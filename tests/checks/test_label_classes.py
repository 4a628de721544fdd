"""A label of a class that nobody named is found before Transform fails on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from checks.shown import findings, rows
from kit.checks.label_classes import Class, LabelClasses, classes_of
from kit.checks.suite import checks_of
from kit.new import create
from kit.project import Project


@pytest.mark.parametrize(
    ("classes", "train", "held_out", "found"),
    [
        ((0, 1), [0, 1, 1], [0], ""),
        ((0, 1), [0, 2, 2], [1, 7], "3 of 5 rows (2 of train, 1 of eval) have '2', '7', but CLASSES"),
        (
            (0.0, 1.5),
            [0.0, 1.0],
            [1.5],
            "1 of 3 rows (1 of train) have '1.0', but CLASSES of features.py has only",
        ),
        (("no", "yes"), ["no", "yes"], ["Yes", None], "1 of 4 rows (1 of eval) have 'Yes', but CLASSES"),
        ((0, 1), [0], range(2, 9), "'2', '3', '4', '5', '6', …, but CLASSES of features.py has only 0, 1"),
    ],
    ids=["none", "int", "float", "text", "many"],
)
def test_strangers_are_counted(classes: tuple[Class, ...], train: Any, held_out: Any, found: str) -> None:
    check = LabelClasses("label", classes, "block")
    [finding] = findings(check, rows(label=[*train]), rows(label=[*held_out]))
    assert found in finding.found
    assert finding.state == ("fail" if found else "ok")
    assert len(finding.rows) == min(5, sum(one not in {*classes, None} for one in [*train, *held_out]))


def project(tmp_path: Path, label: list[Any]) -> Project:
    path = tmp_path / "shop.csv"
    pd.DataFrame({"age": [1.5 + i % 60 for i in range(120)], "bought": label}).to_csv(path, index=False)
    return Project.load(create("shop", path, "bought", tmp_path / "projects").folder)


@pytest.mark.parametrize(
    ("label", "classes"),
    [([0, 1] * 60, (0, 1)), (["no", "yes"] * 60, ("no", "yes")), ([x * 1.37 for x in range(120)], ())],
    ids=["int", "text", "amount"],
)
def test_the_classes_of_a_new_project(tmp_path: Path, label: list[Any], classes: tuple[Class, ...]) -> None:
    made = project(tmp_path, label)
    assert classes_of(made) == classes
    assert any(isinstance(check, LabelClasses) for check in checks_of(made)) == bool(classes)


def test_classes_that_are_no_values_are_not_checked(tmp_path: Path) -> None:
    made = project(tmp_path, [0, 1] * 60)
    code = (made.folder / "features.py").read_text()
    for other in ("CLASSES = tuple(range(2))", 'CLASSES = ("no", "yes")', "CLASSES = ((", ""):
        start = code.index("CLASSES = (")
        (made.folder / "features.py").write_text(code[:start] + other + code[code.index(")", start) + 1 :])
        assert classes_of(made) == ()
