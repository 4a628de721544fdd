"""What a view of many rows does with its page and its search."""

from __future__ import annotations

from typing import Any

import pytest
import traitlets

from widgets.paged_view import SearchedView
from widgets.parts.markup import Markup, join, tag


class Towns(SearchedView):
    title = "Towns"
    page_rows = 2

    by_length = traitlets.Bool().tag(sync=True, redraw=True, narrows=True)
    opened = traitlets.Unicode().tag(sync=True, redraw=True)

    def __init__(self, **state: Any) -> None:
        self.towns = ["Bonn", "Straße am See", "Strasse", "Ulm", "Aalen"]
        super().__init__(**state)

    def draw_controls(self) -> Markup:
        return Markup("")

    def draw_content(self) -> Markup:
        shown, pager = self.on_page(self.having_words(self.towns, str))
        return join([tag("p", ", ".join(shown)), pager])

    def html_face(self) -> Markup:
        return self.draw_content()

    def text_face(self) -> str:
        return ""


@pytest.mark.parametrize(
    ("page", "shown"), [(0, "Bonn, Straße am See"), (1, "Strasse, Ulm"), (2, "Aalen"), (9, "Aalen")]
)
def test_a_page_is_shown_and_the_last_where_there_are_fewer(page: int, shown: str) -> None:
    content = Towns(page=page).content
    assert f"<p>{shown}</p>" in content
    assert "of 5" in content


def test_all_words_are_looked_for_in_large_or_small_letters() -> None:
    view = Towns(search="STRASSE")
    assert "<p>Straße am See, Strasse</p>" in view.content
    assert "pager" not in view.content
    view.search = "see str"
    assert "<p>Straße am See</p>" in view.content


@pytest.mark.parametrize(("trait", "value"), [("search", "s"), ("by_length", True)])
def test_what_narrows_leads_to_the_first_page(trait: str, value: object) -> None:
    view = Towns(page=1)
    view.opened = "Ulm"
    assert view.page == 1
    setattr(view, trait, value)
    assert view.page == 0
