"""What notebooks print of the kit's sentences."""

from __future__ import annotations

import pytest

from kit.translation.messages import VARIABLE
from kit.translation.say import say


def test_sentences_are_said_a_line_each_in_the_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ("The data follow their schema in both splits.", "No check blocks. Findings that warn: 0 of 12.")
    say(*said)
    assert capsys.readouterr().out.splitlines() == list(said)
    monkeypatch.setenv(VARIABLE, "zh")
    say(*said)
    assert capsys.readouterr().out.splitlines() == [
        "两个拆分中的数据都符合架构。",
        "没有检查项阻止。提醒的结果：12 项中的 0 项。",  # noqa: RUF001
    ]


def test_what_is_no_sentence_of_the_kit_is_said_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    say(7, "a.b.c")
    assert capsys.readouterr().out == "7\na.b.c\n"
