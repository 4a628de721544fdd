from __future__ import annotations

import pytest
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.parts.markup import BREAK, Markup, join, prose, tag


@pytest.mark.parametrize("value", HOSTILE)
def test_text_from_data_stays_text(value: str) -> None:
    page = Page(tag("p", value, title=value))
    assert page.text == value
    assert page.elements == ["p"]
    assert not page.active


def test_markup_inside_markup_is_escaped_once() -> None:
    assert tag("p", tag("b", "a & b")) == "<p><b>a &amp; b</b></p>"


def test_children_may_be_nested_and_absent() -> None:
    assert tag("p", ["a", None, [tag("i", "b")]]) == "<p>a<i>b</i></p>"


def test_attributes_take_their_html_names() -> None:
    assert tag("td", class_="x", aria_label="y", hidden=True, title=None, colspan=2) == (
        '<td class="x" aria-label="y" hidden colspan="2"></td>'
    )


def test_elements_without_content_are_not_closed() -> None:
    assert tag("input", type="text") == '<input type="text">'


def test_what_stands_between_children_is_escaped_unless_it_is_markup() -> None:
    assert join(["a", "b"], BREAK) == "a<br>b"
    assert join(["a", "b"], " < ") == "a &lt; b"
    assert isinstance(join([]), Markup)


def test_what_stands_between_backticks_is_code() -> None:
    assert prose("run `kit runs <a>` first") == "run <code>kit runs &lt;a&gt;</code> first"
    assert prose("5` and <b>") == "5` and &lt;b&gt;"
