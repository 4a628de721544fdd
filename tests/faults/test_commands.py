"""`kit faults`, as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import kit_command, kit_run
from in_process import invoke

from kit.faults.catalogue import FAULTS


def said(*words: object, code: int = 0) -> str:
    return invoke("faults", *words, code=code).output


def test_every_fault_is_listed_with_its_column() -> None:
    listed = said("list").splitlines()
    assert [line.split()[0] for line in listed[1:]] == list(FAULTS)
    assert "whole rows" in said("list")
    assert "none that it fits" not in said("list")
    assert "fare" in said("list", "-P", "chicago_taxi")


def test_a_copy_with_a_fault_is_written_once(tmp_path: Path) -> None:
    words = ("inject", "new-value", "--out", tmp_path / "spoiled", "--column", "device", "--share", "0.01")
    told = said(*words)
    assert "40 of 4,000 rows of device were broken in" in told
    assert f"kit run 01_data -P {tmp_path / 'spoiled'}" in told
    assert (tmp_path / "spoiled/data/span-7/impressions.csv").read_text().count(",new device,") == 40
    assert "is there and is not empty" in said(*words, code=2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("inject", "new-valu", "--out", "x"), "Did you mean new-value?"),
        (("inject", "new-value", "--out", "x", "--column", "price"), "but price of recommender is not"),
        (("inject", "new-value", "--out", "x", "--share", "2"), "above 0 and at most 1"),
        (("inject", "new-value", "--out", "x", "--span", "1-2"), "Name one of them"),
        (("trial", "gremlins"), "no fault 'gremlins'"),
        (("trial", "-P", "chicago_taxi"), "chicago_taxi has no spans"),
        (("trial", "--share", "0"), "above 0 and at most 1"),
    ],
)
def test_what_cannot_be_is_answered_at_once(words: tuple[str, ...], message: str) -> None:
    assert message in said(*words, code=2)


def test_the_table_of_trials() -> None:
    header, line = said("trial", "negative-values", "--share", "0.01").splitlines()
    assert " ".join(header.split()) == "fault column share rows a batch smallest share caught caught by"
    assert line.startswith("negative-values  age     1.00%  40 of 4,000  stops    0.025% (1 row)")
    assert "schema (age)" in line


@pytest.mark.slow
@pytest.mark.notebook
def test_a_spoiled_day_stops_a_batch(tmp_path: Path) -> None:
    ended = kit_command("faults", "inject", "null-burst", "--out", "broken", cwd=tmp_path)
    assert ended.code == 0
    assert str(tmp_path / "broken") in ended.output
    ended = kit_run("01_data", "-P", tmp_path / "broken", workspace=tmp_path / "ws")
    assert ended.code == 10
    assert "age" in ended.output + ended.errors
