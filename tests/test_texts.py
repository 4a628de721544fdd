"""Pieces of sentences that many rooms say."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.texts import did_you_mean, percent, shorten, tail
from kit.translation.messages import in_language


def test_the_nearest_name_is_meant() -> None:
    known = ["epochs", "seed", "steps"]
    assert did_you_mean("epoch", known) == " Did you mean epochs?"
    assert not did_you_mean("batch_size", known)
    assert not did_you_mean("sed_x_y", known)
    assert did_you_mean("sed_x_y", known, cutoff=0.5) == " Did you mean seed?"


def test_a_tail_has_the_last_lines_of_what_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\ntwo\n\xff\n")
    assert tail(tmp_path / "log", 2) == "two\n\ufffd"
    assert tail(tmp_path / "log", 9) == "one\ntwo\n\ufffd"


def test_a_sentence_with_and_without_it_is_translated() -> None:
    assert (
        in_language("There is no fault 'nul'. Choose one of null.", "zh")
        == "没有故障 'nul'。请选择 null 之一。"
    )
    said = f"There is no fault 'nul'.{did_you_mean('nul', ['null'])} Choose one of null."
    assert in_language(said, "zh").startswith("没有故障 'nul'。你是不是想写 null")


@pytest.mark.parametrize(
    ("text", "short"), [("four", "four"), ("fives", "fiv…"), ("a\n  b", "a b"), ("", "")]
)
def test_what_is_too_long_ends_with_dots(text: str, short: str) -> None:
    assert shorten(text, 4) == short


@pytest.mark.parametrize(("part", "said"), [(0.1, "10%"), (0.001, "0.1%"), (0.999, "99.9%"), (1, "100%")])
def test_a_small_part_is_not_0_percent(part: float, said: str) -> None:
    assert percent(part) == said
