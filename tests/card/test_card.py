"""The card of a real model tells what it is, from the steps that made it."""

from __future__ import annotations

import hashlib
import itertools
import re
from typing import TYPE_CHECKING

import pytest

from kit.card.config import CardText
from kit.card.write import write_card
from kit.errors import StepOrderError
from kit.evaluation.results import metrics_table
from kit.project import Project
from kit.session import Session
from kit.translation.messages import VARIABLE
from kit.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from training.tiny import Tiny


def test_a_card_tells_data_settings_metrics_and_gates(tiny: Tiny, blessed: Session) -> None:
    written = write_card(blessed)
    text, page = written.markdown.read_text(), written.page.read_text()
    assert text.startswith("# Model card: ")
    assert "**Blessed: all 2 thresholds are met" in text
    table = metrics_table(blessed.path("Evaluator", "evaluation"), blessed.project)
    for row in table.to_dict("records"):
        name = "All rows" if row["slice"] == "all rows" else str(row["slice"]).replace("=", ": ")
        assert f"| {name} | {row['example_count']:,} | {row['auc']:.4f} |" in text
    digest = hashlib.sha256((tiny.folder / "visitors.csv").read_bytes()).hexdigest()
    assert f"visitors.csv | {digest[:12]} |" in text
    assert "| epochs | 3 |" in text
    assert re.search(r"\| best epoch, by val\\_loss \| [1-3] \|", text)
    assert "| epoch whose weights the model has | 3 |" in text
    assert "| auc | city=Rom | at least 0.5 |" in text
    assert "project.yml does not say; add intended\\_use under card." in text
    assert "| height | number | FLOAT |" in text
    assert "auc by slice" in page
    assert str(tiny.session.workspace.path) not in text + page


def test_a_card_is_of_the_model_that_was_evaluated(tiny: Tiny, rejected: Session) -> None:
    rejected_card = write_card(rejected).markdown
    tiny.train(3)  # nobody has evaluated this one
    again = write_card(rejected).markdown
    assert rejected_card == again
    assert "| seed | 2 |" in again.read_text()
    assert "**Not blessed: 2 of 4 thresholds are missed" in again.read_text()
    assert "| MISSED |" in again.read_text()


def test_a_card_has_the_words_of_its_owners(tiny: Tiny, blessed: Session) -> None:
    words = CardText(intended_use="For the shop.", out_of_scope=("Credit.",), limits=("Small.",), owner="Ann")
    spec = blessed.project.spec.model_copy(update={"card": words})
    session = Session(tiny.session.workspace, Project(blessed.project.folder, spec))
    text = write_card(session, ["Weak on Mondays."]).markdown.read_text()
    for said in ("For the shop.", "- Credit.", "- Small.", "| owner | Ann |", "- Weak on Mondays."):
        assert said in text


def test_a_card_is_in_the_readers_language(blessed: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    written = write_card(blessed)
    lines = written.markdown.read_text().splitlines()
    assert written.page.read_text().startswith('<!DOCTYPE html>\n<html lang="zh-Hans">')
    assert "全部 2 个阈值" in lines[2]
    headings = [line for line in lines if line.startswith("## ")]
    assert not re.search("[A-Za-z]", "".join(headings))
    heads = [
        line for line, below in itertools.pairwise(lines) if below.startswith("| ---") and "auc" not in line
    ]
    assert set(re.findall("[A-Za-z]{2,}", "".join(heads))) == {"SHA", "blessing", "span"}
    assert "| epochs | 3 |" in lines, "a setting keeps its name"
    assert "| auc | city=Rom | 至少 0.5 |" in "\n".join(lines)


def test_without_an_evaluation_there_is_no_card(tmp_path: Path, tiny: Tiny) -> None:
    session = Session(Workspace(tmp_path), tiny.project)
    with pytest.raises(StepOrderError, match="04_evaluate"):
        write_card(session)
    assert not (tmp_path / "cards").exists()
