"""Which notebook waits for which, and which of them are asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.batch.notebook_metadata import NotebookFacts, read_facts
from kit.batch.order import Part, among, choose_part, waits
from kit.batch.plan import NOTEBOOKS, PlannedNotebook, choose_notebooks, plan_chain
from kit.errors import UsageError


def notebook(name: str, needs: tuple[str, ...] | None = None, after: tuple[str, ...] = ()) -> PlannedNotebook:
    return PlannedNotebook(Path(f"{name}.ipynb"), {}, {}, NotebookFacts(needs=needs, after=after))


CHAIN = [
    notebook("start", ()),
    notebook("data", ()),
    notebook("tune", ("data",)),
    notebook("train", ("data",), ("tune",)),
    notebook("evaluate", ("train",)),
]


def test_notebooks_that_say_nothing_run_in_the_order_in_which_they_are_named() -> None:
    graph = waits([notebook("b"), notebook("a"), notebook("c")])
    assert list(graph) == ["b", "a", "c"]
    assert graph["c"].needs == {"b", "a"}


def test_each_stands_behind_those_that_it_waits_for_wherever_it_was_named() -> None:
    graph = waits(CHAIN[::-1])
    names = list(graph)
    for name, one in graph.items():
        assert all(names.index(before) < names.index(name) for before in one.all)
    assert graph["train"].after == {"tune"}


def test_who_is_not_in_the_run_is_not_waited_for() -> None:
    assert waits([notebook("train", ("02_features",), ("tune",))])["train"].all == frozenset()


def test_whoever_is_left_out_is_looked_past() -> None:
    left = among(waits(CHAIN), ("data", "evaluate"))
    assert not left["data"].all
    assert left["evaluate"].needs == {"data"}
    left = among(waits(CHAIN), ("tune", "evaluate"))
    assert not left["evaluate"].needs
    assert left["evaluate"].after == {"tune"}


def test_whoever_is_not_named_is_looked_past_too(tmp_path: Path) -> None:
    facts = {"data": {"needs": []}, "features": {"needs": ["data"]}, "train": {"needs": ["features"]}}
    for name, kit in facts.items():
        (tmp_path / f"{name}.ipynb").write_text(json.dumps({"metadata": {"kit": kit}, "cells": []}))
    paths = [tmp_path / "train.ipynb", tmp_path / "data.ipynb"]
    graph = waits([PlannedNotebook(path, {}, {}, read_facts(path)) for path in paths])
    assert {name: one.needs for name, one in graph.items()} == {"data": frozenset(), "train": {"data"}}


def test_a_name_that_is_no_notebook_is_refused() -> None:
    with pytest.raises(UsageError, match=r"train .* metadata names 'dtaa'\. Did you mean data\?"):
        waits([notebook("data", ()), notebook("train", ("dtaa",))])


def test_notebooks_that_wait_for_each_other_are_refused() -> None:
    circle = [notebook("a", ("b",)), notebook("b", (), ("a",))]
    with pytest.raises(UsageError, match=r"(a → b → a|b → a → b)\. Correct `needs` and `after`"):
        waits(circle)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Part(), {"start", "data", "tune", "train", "evaluate"}),
        (Part(first="train"), {"train", "evaluate"}),
        (Part(last="tune"), {"data", "tune"}),
        (Part(first="tune", last="train"), {"tune", "train"}),
        (Part(only=("start", "evaluate")), {"start", "evaluate"}),
        (Part("tune.ipynb", "train.ipynb", ("train.ipynb",)), {"train"}),
    ],
    ids=["all", "from", "until", "from until", "only", "with the ending"],
)
def test_a_part_of_the_chain(part: Part, expected: set[str]) -> None:
    assert choose_part(waits(CHAIN), part) == expected


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Part(first="trian"), "found 'trian'. Did you mean train?"),
        (Part(first="evaluate", last="data"), "--from evaluate --until data leaves none"),
        (Part(first="train", only=("data", "tune")), "--from train --only data, tune leaves none"),
    ],
    ids=["unknown", "nothing left", "none of only"],
)
def test_a_part_that_cannot_be_is_explained(part: Part, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        choose_part(waits(CHAIN), part)


def test_the_numbered_notebooks_are_a_chain_of_which_start_here_is_no_part() -> None:
    plan = plan_chain(choose_notebooks(), {})
    graph = waits(plan)
    assert graph["05_release"].needs == {"04_evaluate"}
    assert choose_part(graph, Part(last="05_release")) == {
        "01_data",
        "02_features",
        "03_train",
        "04_evaluate",
        "05_release",
    }


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_of_the_kit_says_what_it_needs_and_needs_what_there_is(path: Path) -> None:
    facts = read_facts(path)
    known = {each.stem for each in NOTEBOOKS.glob("*.ipynb")}
    assert facts.needs is not None
    assert set(facts.needs) <= known


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"kit": {"need": []}}, "need: Extra inputs"),
        ({"kit": {"usual_seconds": -1}}, "usual_seconds: Input should be greater"),
        ({"kit": []}, "it: Input should be"),
        ({"kit": {"reads": ["/etc/passwd"]}}, r"reads\.0: '/etc/passwd' must be a path in the workspace"),
        ({"kit": {"reads": ["ok", "../x"]}}, r"reads\.1: '\.\./x' must be a path in the workspace"),
        ({"kit": {"reads": [""]}}, r"'' must be a path in the workspace"),
        ({"kit": {"reads": ["a{b}"]}}, r"'a\{b\}' must have nothing in braces but \{project\}"),
        ({"kit": {"reads": ["a{project.name}"]}}, "must have nothing in braces"),
        ({"kit": {"reads": ["a{"]}}, "'a{' must be a pattern of paths: "),
        ({"kit": {"reads": ["a/**b"]}}, r"must be a pattern of paths: "),
    ],
    ids=[
        *("unknown name", "negative", "a list", "absolute", "outside", "empty"),
        *("another field", "an attribute", "half a field", "half a pattern"),
    ],
)
def test_metadata_that_say_anything_else_are_refused(
    tmp_path: Path, metadata: dict[str, object], message: str
) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"metadata": metadata, "cells": []}))
    with pytest.raises(UsageError, match=message):
        read_facts(path)
