"""The files behind examples are told by span and digest, wherever the examples stand in the chain."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from kit.data.data_file import DataFile
from kit.data.example_gen import ProjectExampleGen
from kit.data.schema import schema_gen
from kit.data.statistics import StatisticsGen
from kit.features.transform import transform
from kit.training import origin
from kit.training.origin import origin_of

if TYPE_CHECKING:
    from training.tiny import Tiny


def test_transformed_examples_have_the_origin_of_the_examples(tiny: Tiny) -> None:
    session = tiny.session
    found = [
        origin_of(session.workspace, tiny.project, session.channel(component, key))
        for component, key in (("ExampleGen", "examples"), ("Transform", "transformed_examples"))
    ]
    assert found[0] == found[1]
    [told] = found[0].values()
    content = (session.workspace.path / "visitors.csv").read_bytes()
    digest = hashlib.sha256(hashlib.sha256(content).hexdigest().encode()).hexdigest()
    assert told == f"1 file, sha256 {digest[:12]}"


def test_spans_are_told_by_split(tiny: Tiny) -> None:
    files = [DataFile(Path("day.csv"), "train", span, f"{span}") for span in (3, 1, 2, 2)]
    files += [DataFile(Path("day.csv"), "eval", 7, "7")]
    with patch.object(origin, "_files", lambda *_: files):
        found = origin_of(
            tiny.session.workspace, tiny.project, tiny.session.channel("ExampleGen", "examples")
        )
    assert list(found) == ["train", "eval"]
    assert found["train"].startswith("spans 1-3, 4 files, sha256 ")
    assert found["eval"].startswith("spans 7, 1 file, sha256 ")


def test_what_no_example_gen_has_made_has_no_origin(tiny: Tiny) -> None:
    schema = tiny.session.channel("SchemaGen", "schema")
    with patch.object(origin, "_OUTPUT", -1):  # nobody has made anything
        assert origin_of(tiny.session.workspace, tiny.project, schema) == {}


def test_examples_of_a_pipeline_that_has_not_run_have_the_origin_that_they_will_have(tiny: Tiny) -> None:
    session, project = tiny.session, tiny.project
    example_gen = ProjectExampleGen(project)
    examples = example_gen.outputs["examples"]
    statistics = StatisticsGen(examples=examples).outputs["statistics"]
    transformed = transform(project, examples, schema_gen(project, statistics).outputs["schema"])
    for channel in (examples, transformed.outputs["transformed_examples"]):
        found = origin_of(session.workspace, project, channel)
        assert found == origin_of(session.workspace, project, session.channel("ExampleGen", "examples"))
