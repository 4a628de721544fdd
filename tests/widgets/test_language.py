"""What views say in other languages: nothing that is marked lacks a translation, and nothing else changes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter

import parameter_examples
import pytest
import step_examples

import widgets
from widgets.face import Face
from widgets.parameters import Parameters
from widgets.parts.formats import count
from widgets.parts.language import _FOLDER, VARIABLE, say
from widgets.road import Road, Stop
from widgets.steps import StepView

CHINESE = r"[\u4e00-\u9fff]"
LANGUAGES = sorted(_FOLDER.glob("*.json"))


def texts(*, also: bool) -> set[str]:
    """Return what must be translated: all that is given to `say`, and the nouns and titles of the views that say it.

    Args:
        also: the nouns and titles of the other views, which may be translated as well.
    """
    found: set[str] = set()
    for path in Path(widgets.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text())
        speaks = any(isinstance(node, ast.alias) and node.name == "say" for node in ast.walk(tree))
        for node in ast.walk(tree):
            found |= {*_said(node), *(_named(node) if speaks or also else ())}
    return found


def _said(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"say", "marked"} and node.args:
        yield from _literals(node.args[0])


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "count" and len(node.args) > 1:
        yield from _literals(node.args[1])
    elif isinstance(node, ast.ClassDef):
        for line in node.body:
            if isinstance(line, ast.Assign) and [ast.unparse(target) for target in line.targets] == ["title"]:
                yield from _literals(line.value)


def _literals(node: ast.expr) -> Iterator[str]:
    branches = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    for branch in branches:
        if isinstance(branch, ast.Constant) and isinstance(branch.value, str):
            yield branch.value


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_every_text_is_translated_with_its_values(path: Path) -> None:
    known = json.loads(path.read_text())
    assert not texts(also=False) - known.keys(), f"translate these in {path.name}"
    assert not known.keys() - texts(also=True), f"nothing says these any more: take them out of {path.name}"
    assert not {text for text, other in known.items() if fields(text) != fields(other)}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("", "done"),
        ("en", "done"),
        ("xx", "done"),
        ("zh", "完成"),
        ("zh_CN.UTF-8", "完成"),
        ("zh-Hans", "完成"),
    ],
)
def test_a_language_is_chosen_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, language: str, expected: str
) -> None:
    monkeypatch.setenv(VARIABLE, language)
    assert say("done") == expected


def test_what_is_not_translated_stays_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    assert say("no such text of {name}", name="x") == "no such text of x"
    assert count(3, "gizmo") == "3 gizmos"
    assert count(3, "feature") == "3 个特征"


VIEWS: dict[str, Callable[[], Face]] = {
    "running": lambda: StepView(step_examples.running()),
    "done": lambda: StepView(step_examples.done()),
    "cached": lambda: StepView(step_examples.cached()),
    "failed": lambda: StepView(step_examples.failed()),
    "parameters": lambda: Parameters(parameter_examples.in_a_batch()),
    "road": lambda: Road(
        [Stop("Trainer", "03_train", done=True), Stop("Evaluator", "04_evaluate", done=False)]
    ),
}


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS)
def test_a_view_says_the_same_in_chinese(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Face]) -> None:
    """The elements are the same, and of the English words only names are left."""
    english = make().html_face()
    monkeypatch.setenv(VARIABLE, "zh")
    chinese = make().html_face()
    assert _elements(chinese) == _elements(english)
    assert re.search(CHINESE, chinese)
    assert not re.search(CHINESE, english)
    assert re.search(CHINESE, make().text_face())


def _elements(markup: str) -> list[str]:
    """Return the tags of HTML without their attributes."""
    return re.findall(r"</?[a-z]+", markup)
