"""A card as Markdown and as a page: the same words, and nothing in the data becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from nbconvert.filters.markdown import markdown2html

from kit.card.document import Bar, Bars, Card, Items, Part, Table, Text
from kit.card.markdown import as_markdown
from kit.card.page import as_page

HOSTILE = '<script>alert(1)</script> | `a` **b** [c](http://d)\n# e & "f"'


def card(text: str) -> Card:
    table, picture = Table((text, "n"), [(text, "1")], numbers=(1,)), Bars(text, [Bar(text, 0.5, 0.4, 0.6)])
    return Card(text, text, blessed=False, parts=[Part(text, [Text(text), Items([text]), table, picture])])


class Reader(HTMLParser):
    """Collects the elements and the words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    return reader


def test_a_page_shows_words_of_the_data_as_words() -> None:
    plain, hostile = read(as_page(card("plain"))), read(as_page(card(HOSTILE)))
    assert hostile.tags == plain.tags
    assert "<script>alert(1)</script>" in hostile.words


def test_markdown_shows_words_of_the_data_as_words() -> None:
    plain, hostile = (read(markdown2html(as_markdown(card(text)))) for text in ("plain", HOSTILE))
    assert hostile.tags == plain.tags
    assert hostile.words.count("<script>alert(1)</script> | `a` **b** [c](http://d) # e") == 7


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_any_text_keeps_the_form_of_the_table(text: str) -> None:
    lines = as_markdown(card(text)).splitlines()
    assert [line.count(" | ") - line.count(r"\|") for line in lines if line.startswith("| ---")] == [1]
    assert sum(line.startswith("| ") and line.endswith(" | 1 |") for line in lines) == 1


def test_a_page_asks_for_nothing() -> None:
    page = as_page(card("x"))
    assert "default-src 'none'" in page
    assert not {"script", "link", "img", "iframe"} & set(read(page).tags)


def test_a_picture_has_every_bar_and_bounds_where_they_are_known() -> None:
    bars = [Bar("all", 0.8, 0.7, 0.9), Bar("few", 0.5), Bar("same", 0.5, 0.5, 0.5)]
    page = as_page(Card("t", "v", blessed=True, parts=[Part("p", [Bars("auc", bars)])]))
    assert page.count("<circle") == 3
    assert page.count('stroke="#3465a4"') == 2
    assert all(f">{bar.name}</text>" in page for bar in bars)
