from __future__ import annotations

import re
from pathlib import Path

import pytest

from widgets.parts.modules import STATIC, extended, script, source, styles

_DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
_OF_THE_BROWSER = sorted(path for path in STATIC.rglob("*") if path.suffix in {".js", ".css"})


def test_a_script_is_one_text_that_imports_nothing() -> None:
    text = script("view.js")
    assert "import " not in text
    assert re.findall(r"^export .*", text, re.MULTILINE) == ["export default { render };"]
    for path in STATIC.glob("*.js"):
        assert all(f" {name}" in text for name in _DECLARED.findall(path.read_text()))


def test_modules_share_one_scope_without_clashes() -> None:
    names = [name for path in STATIC.glob("*.js") for name in _DECLARED.findall(path.read_text())]
    assert len(names) == len(set(names))


def test_a_module_comes_after_those_that_it_needs() -> None:
    text = script("view.js")
    assert text.index("function replace(") < text.index("function render(")


def test_a_module_that_wraps_takes_the_default_export_over() -> None:
    text = extended(extended(script("view.js"), "written/cells.js"), "copied/copy.js", "parameters/panel.js")
    assert re.findall(r"^export .*", text, re.MULTILINE) == ["export default { render: renderPanel };"]
    assert (
        text.index("function render(")
        < text.index("function renderCells(")
        < text.index("function renderPanel(")
    )


def test_what_exports_nothing_cannot_be_wrapped() -> None:
    with pytest.raises(ValueError, match="not found"):
        extended(source("copied/copy.js"), "copied/copied.js")


@pytest.mark.parametrize("path", _OF_THE_BROWSER, ids=lambda path: path.name)
def test_the_browsers_side_asks_no_host(path: Path) -> None:
    assert not re.search(r"https?:|//\w+\.|url\(|@import", path.read_text())


def test_styles_reach_nothing_outside_views() -> None:
    without_comments = re.sub(r"/\*.*?\*/", "", styles(), flags=re.DOTALL).strip()
    selector, _, rules = without_comments.partition("{")
    assert selector.strip() == ".kit-view, #kit-view"
    ends = [
        index for index in range(len(rules)) if rules[: index + 1].count("}") > rules[: index + 1].count("{")
    ]
    assert ends == [len(rules) - 1], "every rule is inside the first"


@pytest.mark.parametrize(("theme", "around"), [(0, "#ffffff"), (1, "#111111")], ids=["light", "dark"])
def test_lines_and_the_edges_of_fields_stand_out(theme: int, around: str) -> None:
    """At 3 to 1 against what is around them, as WCAG 2.2 wants it (1.4.11)."""
    found = re.findall(r"--(c\d|edge|focus): light-dark\((#\w{6}), (#\w{6})\)", styles())
    assert len(found) == 8
    assert not {name: one for name, *ofs in found if _contrast(one := ofs[theme], around) < 3}


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted(map(_luminance, (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """As https://www.w3.org/TR/WCAG22/#dfn-relative-luminance defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
