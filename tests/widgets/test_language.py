"""What views say in other languages: nothing that is marked lacks a translation, and nothing else changes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter

import alert_examples
import attention_examples
import blind_spot_examples
import calibration_examples
import decision_examples
import drift_examples
import drill_examples
import experiment_examples
import fault_lab_examples
import flame_examples
import inspector_examples
import lineage_examples
import litert_examples
import load_examples
import parameter_examples
import parity_examples
import profile_examples
import pytest
import signatures_examples
import step_examples
import widget_examples

import widgets
from widgets.alerts import Alerts
from widgets.anomalies import Anomalies
from widgets.calibration import Calibration
from widgets.experiment import Experiment
from widgets.face import Face
from widgets.lineage import Lineage
from widgets.parameters import Parameters
from widgets.parts.formats import count
from widgets.parts.language import VARIABLE, html_language, say, say_known
from widgets.parts.modules import STATIC
from widgets.road import Road, Stop
from widgets.slices import Slices
from widgets.statistics import Statistics
from widgets.steps import StepView

CHINESE = r"[\u4e00-\u9fff]"
LANGUAGES = sorted((STATIC / "languages").glob("*.json"))


# Literals that look like a text and are none: names of values, units, and what scripts end with.
NO_TEXTS = {"at most", "not above", "on chosen", "roll back", " ms", " UTC"}
SCRIPT = "export default {"
NOUNS = {"count": 1, "found_of": 2}  # the place of the noun among the arguments
PROSE = re.compile(r"[A-Za-z]{2,} [a-z]|[a-z] [A-Za-z]{2,}|^[✓✗!○]? ?[A-Z][a-z]")  # two words, or a capital
WORD = re.compile(r"[A-Za-z]{2,}")
# Attributes of widgets and elements that nobody reads.
NOT_SEEN = {"class_", "data_key", "font_family", "help", "key", "role", "style", "type"}
READ = {"aria_label", "alt", "data_tip", "placeholder", "title"}
# What a script shows comes from the kernel, in the language of the reader.
SHOWN_BY_SCRIPT = re.compile(r"""(?:textContent = |["'](?:aria-label|title|placeholder)["'], )["'`]\w""")


@cache
def modules() -> list[tuple[Path, ast.Module]]:
    paths = sorted(Path(widgets.__file__).parent.rglob("*.py"))
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


@cache
def texts() -> set[str]:
    """Return what must be translated: all that is given to `say`, and the nouns and titles of views."""
    return {
        text for _, tree in modules() for node in ast.walk(tree) for text in (*_said(node), *_named(node))
    }


def _said(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"say", "marked"} and node.args:
        yield from _literals(node.args[0])


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and (place := NOUNS.get(ast.unparse(node.func))):
        for noun in node.args[place : place + 1]:
            yield from _literals(noun)
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
    assert not texts() - known.keys(), f"translate these in {path.name}"
    assert not known.keys() - texts(), f"nothing says these any more: take them out of {path.name}"
    assert not {text for text, other in known.items() if not other.strip()}
    assert not {text for text, other in known.items() if fields(text) != fields(other)}


def test_no_text_goes_past_say() -> None:
    """What is not given to `say` stays English, and no catalogue could tell that it is missing."""
    found = [f"{path.name}:{line}: {text!r}" for path, tree in modules() for line, text in _unsaid(tree)]
    assert not found, "give these to say(), or to marked() where they are constants"


def test_no_script_has_a_text_of_its_own() -> None:
    scripts = sorted(STATIC.rglob("*.js"))
    assert scripts
    assert not [path.name for path in scripts if SHOWN_BY_SCRIPT.search(path.read_text(encoding="utf-8"))]


def _unsaid(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give the literals that look like a text, or stand where a text is read, and are not given to `say`."""
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        if node.value in NO_TEXTS or node.value.startswith(SCRIPT) or _is_seen_to(node, above):
            continue
        if PROSE.search(node.value) or (WORD.search(node.value) and _is_read(node, above)):
            yield node.lineno, node.value


def _is_seen_to(node: ast.AST, above: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether a literal needs no translation: `say` gets it, or it is a docstring, an annotation or a class name."""
    while node in above and not isinstance(node, ast.stmt):
        node = above[node]
        if isinstance(node, ast.keyword) and node.arg in NOT_SEEN:
            return True
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"say", "marked", "count", "TypeVar"}:
            return True
        if isinstance(node, ast.Expr | ast.Subscript | ast.AnnAssign | ast.arg):
            return True
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "title"


def _is_read(node: ast.AST, above: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether a literal is a child of an element, or an attribute that is read."""
    child, node = node, above[node]
    while isinstance(node, ast.IfExp | ast.JoinedStr | ast.BoolOp | ast.FormattedValue):
        if isinstance(node, ast.IfExp) and child is node.test:
            return False
        child, node = node, above[node]
    if isinstance(node, ast.keyword):
        return node.arg in READ
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "tag" and child in node.args[1:]


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
    in_html = "en" if expected == "done" else "zh-Hans"
    assert html_language() == in_html
    bundle, _ = Road([])._repr_mimebundle_()
    assert f'class="kit-view" lang="{in_html}"' in bundle["text/html"]


def test_what_is_not_translated_stays_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    assert say("no such text of {name}", name="x") == "no such text of x"
    assert count(3, "gizmo") == "3 gizmos"
    assert count(3, "feature") == "3 个特征"


VIEWS: dict[str, Callable[[], Face]] = {
    "alerts": lambda: Alerts(alert_examples.few_alerts()),
    "anomalies": lambda: Anomalies(decision_examples.few_anomalies()),
    "attention": attention_examples.few,
    "blind spots": blind_spot_examples.few_spots,
    "calibration": lambda: Calibration(calibration_examples.curves()),
    "drift": drift_examples.few,
    "drill": drill_examples.view,
    "experiment": lambda: Experiment(experiment_examples.Desk(experiment_examples.running())),
    "fault lab": fault_lab_examples.searched,
    "flame": flame_examples.run,
    "inspector": inspector_examples.inspector,
    "lineage": lambda: Lineage(lineage_examples.chain()),
    "litert": litert_examples.sample,
    "live quality": drift_examples.live,
    "load": load_examples.view,
    "parity": parity_examples.diverged,
    "profile": profile_examples.compared,
    "signatures": signatures_examples.form,
    "simulator": blind_spot_examples.simulator,
    "slices": lambda: Slices(widget_examples.slice_table(5)),
    "statistics": lambda: Statistics(widget_examples.few_features(), widget_examples.SPLITS),
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
    """The elements are the same."""
    english = make().html_face()
    monkeypatch.setenv(VARIABLE, "zh")
    chinese = make().html_face()
    assert _elements(chinese) == _elements(english)
    assert len(re.findall(CHINESE, chinese)) > len(re.findall(CHINESE, english))  # data may be Chinese, too
    assert re.search(CHINESE, make().text_face())


def _elements(markup: str) -> list[str]:
    """Return the tags of HTML without their attributes."""
    return re.findall(r"</?[a-z]+", markup)


def test_names_that_the_kit_gives_are_told_and_those_of_data_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [say_known(name) for name in ("all rows", "device=tablet")] == ["all rows", "device=tablet"]
    monkeypatch.setenv(VARIABLE, "zh")
    assert [say_known(name) for name in ("all rows", "device=tablet", "done")] == [
        "所有行",
        "device=tablet",
        "done",
    ]
