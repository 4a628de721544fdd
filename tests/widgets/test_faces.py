"""What holds for the faces of every view, whatever it is given."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbconvert import HTMLExporter
from small_notebooks import write_notebook
from traitlets.config import Config
from view_checks import LIMIT, LIVE, check_live, check_read, check_static
from widget_examples import (
    HOSTILE,
    SPLITS,
    all_missing,
    few_features,
    hostile_features,
    hostile_slices,
    many_features,
    slice_table,
)
from widget_pages import Page

from widgets.checks import Checks
from widgets.exercise import ClassBoard, Hints, Scored
from widgets.face import Face
from widgets.parts.modules import styles
from widgets.road import Road, Stop
from widgets.slices import Slices
from widgets.statistics import Statistics
from widgets.values.slices import Metric, SliceTable
from widgets.view import View, somebody_is_there

_nan = np.full(3, np.nan)
FACES: dict[str, Callable[[], Face]] = {
    "checks empty": lambda: Checks([]),
    "checks hostile": lambda: Checks([(text, text, "warn", text) for text in HOSTILE]),
    "road empty": lambda: Road([]),
    "road hostile": lambda: Road([Stop(text, text, done=True) for text in HOSTILE]),
    "statistics empty": lambda: Statistics([], {}),
    "statistics one row": lambda: Statistics(many_features(1), SPLITS),
    "statistics all missing": lambda: Statistics(all_missing(), SPLITS, opened="empty"),
    "statistics 500 features": lambda: Statistics(many_features(), SPLITS),
    "statistics 5000 features": lambda: Statistics(many_features(5_000), SPLITS),
    "statistics hostile": lambda: Statistics(hostile_features(), {HOSTILE[0]: 10}, opened=HOSTILE[0]),
    "slices empty": lambda: Slices(slice_table(0)),
    "slices without metrics": lambda: Slices(SliceTable(["a"], np.ones(1), {})),
    "slices one row": lambda: Slices(slice_table(1)),
    "slices all missing": lambda: Slices(
        SliceTable(
            list("abc"), np.zeros(3), {"m": [Metric("auc", _nan, _nan, _nan, at_least=np.full(3, 0.5))]}
        )
    ),
    "slices 500 rows": lambda: Slices(slice_table(500)),
    "slices 100000 rows": lambda: Slices(slice_table(100_000)),
    "slices hostile": lambda: Slices(hostile_slices(), compared=[0, 1]),
    "hints empty": lambda: Hints([]),
    "hints hostile": lambda: Hints(HOSTILE, opened=len(HOSTILE)),
    "score empty": lambda: Scored({"exercise": "", "points": [], "note": ""}),
    "score hostile": lambda: Scored(
        {
            "exercise": HOSTILE[0],
            "points": [{"name": text, "reached": True, "said": text} for text in HOSTILE],
            "note": "",
        }
    ),
    "class board empty": lambda: ClassBoard({"columns": ["Participant"], "rows": [], "you": ""}),
    "class board 5000 rows": lambda: ClassBoard(
        {"columns": [*"abcdefghijklm"], "rows": [["x" * 60, *["3/3 (3 hints)"] * 12]] * 5000, "you": "x" * 60}
    ),
    "class board hostile": lambda: ClassBoard(
        {"columns": HOSTILE, "rows": [HOSTILE, HOSTILE[::-1]], "you": HOSTILE[0]}
    ),
}


@pytest.fixture(params=list(FACES), scope="module")
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]()


def test_no_face_runs_or_fetches_anything(face: Face) -> None:
    check_static(face, least_lines=0)  # a road without stops has nothing to say
    if isinstance(face, View):
        check_live(face)


@pytest.mark.parametrize("name", [name for name in FACES if name.endswith("hostile")])
def test_hostile_values_are_read_as_they_are(name: str) -> None:
    check_read(FACES[name]().html_face())


def test_nobody_is_there_without_a_kernel() -> None:
    assert not somebody_is_there()
    view = Statistics(few_features(), SPLITS)
    assert view.comm is None
    assert LIVE not in view._repr_mimebundle_()[0]


class _Kernel:
    """A kernel that is answering a message."""

    def __init__(self, kind: str, content: dict[str, object]) -> None:
        self._message = {"header": {"msg_type": kind}, "content": content}

    def get_parent(self, channel: str) -> dict[str, object]:
        assert channel == "shell"
        return self._message


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("execute_request", {"allow_stdin": True}, True),
        ("execute_request", {"allow_stdin": False}, False),
        ("execute_request", {}, False),
        ("comm_msg", {}, True),
    ],
)
def test_a_front_end_that_can_ask_a_person_gets_the_live_face(
    monkeypatch: pytest.MonkeyPatch, kind: str, content: dict[str, object], *, expected: bool
) -> None:
    shell = InteractiveShell()
    shell.kernel = _Kernel(kind, content)
    monkeypatch.setattr("widgets.view.get_ipython", lambda: shell)
    assert somebody_is_there() is expected


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with two views, executed by papermill."""
    folder = tmp_path_factory.mktemp("executed")
    here = str(Path(__file__).parent)
    cells = [
        f"import sys; sys.path.insert(0, {here!r})",
        "from widget_examples import *",
        "from widgets.slices import Slices\nfrom widgets.statistics import Statistics",
        "Statistics(many_features(), SPLITS)",
        "Slices(slice_table(100_000))",
    ]
    write_notebook(folder / "given.ipynb", *cells, kernel="python3")
    papermill.execute_notebook(folder / "given.ipynb", folder / "done.ipynb", progress_bar=False)
    return folder / "done.ipynb"


def test_a_batch_leaves_the_static_face_and_no_widget(executed: Path) -> None:
    notebook = nbformat.read(executed, as_version=4)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells[3:]:
        (output,) = cell.outputs
        assert set(output.data) == {"text/html", "text/plain"}
        assert len(json.dumps(output, ensure_ascii=False).encode()) <= LIMIT


def test_nbconvert_shows_the_static_face(executed: Path) -> None:
    exporter = HTMLExporter(config=Config({"HTMLExporter": {"template_name": "basic"}}))
    page, _ = exporter.from_filename(str(executed))
    assert "feature_000" in page
    assert "Overall" in page
    assert styles() in page
    assert "widget-view" not in page


def test_checks_without_rows_say_so_instead_of_a_head_without_a_table() -> None:
    assert Page(Checks([]).html_face()).elements == ["p"]
    assert repr(Checks([])) == "There is nothing to report."


def test_what_was_found_is_scrolled_where_it_is_too_wide() -> None:
    """A path is one word, which would make the notebook's page wider."""
    assert (
        Checks([("workspace", "/srv/" + "x" * 300, "ok", "")])
        .html_face()
        .startswith('<div class="kit-scroll"')
    )


def test_what_was_not_checked_is_not_called_ok() -> None:
    checks = Checks([("volume", "not checked: train has fewer than 2 spans", "skip", "")])
    assert "○ skipped" in Page(checks.html_face()).text
    assert "ok" not in repr(checks)
