"""The frame of the HTML pages that the kit writes."""

from __future__ import annotations

from kit.html_page import page


def test_a_page_lets_the_browser_fetch_and_run_nothing() -> None:
    made = page("a < b", "p { font: 1em FONTS }", "<p>hi</p>", language="zh-Hans")
    assert """content="default-src 'none'; style-src 'unsafe-inline'">""" in made
    assert "<title>a &lt; b</title>" in made
    assert '<html lang="zh-Hans">' in made
    assert "<body><p>hi</p></body>" in made
    assert "FONTS" not in made
    assert "system-ui" in made


def test_a_page_may_be_allowed_more() -> None:
    policy = "default-src 'none'; img-src data:"
    assert f'content="{policy}"' in page("t", "", "", language="en", policy=policy)
