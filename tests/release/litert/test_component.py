"""The model that was evaluated last becomes files, each of which was held against it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf

from kit.data.records import first_records
from kit.errors import InfraCheckError, StepOrderError
from kit.features.graph import load_graph
from kit.project import Project
from kit.release.infra import evaluated_model
from kit.release.litert import component, model_part
from kit.release.litert.component import litert_converter
from kit.release.litert.interpreter import LiteRTModel
from kit.release.litert.made import check_litert, chosen_file, measured, representative_findings, summary
from kit.release.litert.measure import MODEL
from kit.release.litert.model_part import check_same, origin_of, rebuild
from kit.release.signatures import MODEL_FOLDER, load_signatures
from kit.session import Session
from kit.training.build import model_module_of
from release.litert import small_models as parts
from widgets.litert import LiteRTFiles

if TYPE_CHECKING:
    from training.tiny import Tiny

VARIANTS = ["float", "float16", "dynamic_range", "int8"]


@pytest.fixture
def converted(blessed: Session) -> Session:
    blessed.run(litert_converter(blessed))
    return blessed


def rows(session: Session) -> list[Any]:
    """Return what was measured; of a file every number is."""
    found = measured(session)
    assert [one.variant for one in found if None in asdict(one).values()] == [MODEL], "which has no bytes"
    return list(found)


def limited(session: Session, **litert: Any) -> Session:
    """Return a session of the same project with other words below `release: litert`."""
    release = session.project.spec.release.model_copy(
        update={"litert": session.project.spec.release.litert.model_copy(update=litert)}
    )
    spec = session.project.spec.model_copy(update={"release": release})
    return Session(session.workspace, Project(session.project.folder, spec))


def test_each_variant_is_a_file_that_was_measured(converted: Session) -> None:
    model, *variants = rows(converted)
    assert model.variant == MODEL
    assert [one.variant for one in variants] == VARIANTS
    folder = converted.path("LiteRTConverter", "litert")
    for one in variants:
        assert one.bytes == (folder / f"{one.variant}.tflite").stat().st_size
        assert abs(one.lost) < 0.02
        assert one.quality == pytest.approx(model.quality - one.lost)
        assert one.worst_lost >= one.lost - 0.02
        assert 0.8 <= one.overlap <= 1
    assert variants[0].difference < 1e-6
    [finding] = representative_findings(converted)
    assert finding.state == "ok"


def test_the_file_gives_the_scores_of_the_signature_from_what_transform_makes(
    converted: Session, tiny: Tiny
) -> None:
    model = evaluated_model(converted)
    records = first_records(tiny.path("ExampleGen", "examples"), "eval", 50)
    features = load_graph(tiny.path("Transform", "transform_graph")).transform(records)
    signature = load_signatures(Path(model.uri))["examples"]
    expected = signature(examples=tf.constant(records))["score"].numpy()
    file = converted.path("LiteRTConverter", "litert") / "float.tflite"
    np.testing.assert_allclose(LiteRTModel(file.read_bytes()).score(features), expected, atol=1e-6)


def test_a_view_is_told_all_of_it(converted: Session) -> None:
    found = summary(limited(converted, variant="int8", max_auc_loss=0.02))
    assert [one.variant for one in found["files"]] == [MODEL, *VARIANTS]
    assert (found["quality"], found["chosen"], found["limit"]) == ("AUC", "int8", 0.02)
    assert re.fullmatch(
        r"\d+ rows of the evaluation split, and \d lists of any 100 rows", found["measured_on"]
    )
    [note] = found["notes"]
    assert re.fullmatch(
        r"int8 was calibrated with \d+ rows of the training split, distributed as all of it in \d+ features\.",
        note,
    )
    repr(LiteRTFiles(**found))


def test_beside_the_files_stands_what_they_take(converted: Session) -> None:
    folder = converted.path("LiteRTConverter", "litert")
    content = json.loads((folder / "features.json").read_text())
    assert content["gives"] == "score"
    assert content["takes"]["city_xf"] == {"dtype": "int64", "shape": [None], "columns": ["city"]}
    assert set(content["takes"]) == set(LiteRTModel((folder / "float.tflite").read_bytes()).inputs)


def test_the_limit_decides(converted: Session) -> None:
    assert "The LiteRT variant dynamic_range has " in check_litert(converted)
    assert chosen_file(limited(converted, variant="float16", max_auc_loss=0.1)).name == "float16.tflite"
    loses = [one for one in measured(converted) if (one.worst_lost or 0) > 0]
    assert loses, "some variant loses a little on some slice"
    with pytest.raises(InfraCheckError, match="may lose 0 of AUC"):
        chosen_file(limited(converted, variant=loses[0].variant, max_auc_loss=0.0))


def test_what_is_converted_already_comes_from_the_cache(converted: Session) -> None:
    converted.run(litert_converter(converted))
    assert converted.steps[-1].state == "cached"
    # Who only asks for less need not convert again.
    other = limited(converted, max_auc_loss=0.5)
    other.run(litert_converter(other))
    assert other.steps[-1].state == "cached"


def test_a_model_of_elsewhere_cannot_be_converted(blessed: Session) -> None:
    model = evaluated_model(blessed)
    stranger = type(model)()
    stranger.uri, stranger.id = model.uri, 9_999
    with pytest.raises(StepOrderError, match=r"must come from Trainer, but .* does not"):
        origin_of(blessed, stranger)


def test_code_that_builds_another_model_is_found(blessed: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    model = evaluated_model(blessed)
    origin = origin_of(blessed, model)
    graph, saved = Path(origin.inputs["transform_graph"][0].uri), Path(model.uri) / MODEL_FOLDER
    project = blessed.project
    assert rebuild(project, origin.training, graph, saved).inputs

    module = model_module_of(project)
    build = module.build_model

    class Wider:
        @staticmethod
        def build_model(*arguments: Any) -> Any:
            monkeypatch.setattr(module, "UNITS", module.UNITS + 1)
            return build(*arguments)

    monkeypatch.setattr(model_part, "model_module_of", lambda _: Wider)
    with pytest.raises(InfraCheckError, match=r"what they build has .* and the saved one .* train again"):
        rebuild(project, origin.training, graph, saved)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([0.1, 0.9, 0.5002], "the score 0.5002 for row 2, and the saved one 0.5"),
        ([0.1, float("nan"), 0.5], "the score nan for row 1"),
        ([0.1, 0.9], "scores of the shape [2], and the saved one [3]"),
    ],
)
def test_scores_that_are_not_those_of_the_signature_are_found(found: list[float], message: str) -> None:
    expected = np.array([0.1, 0.9, 0.5])
    check_same(expected, expected + 9e-6)
    with pytest.raises(InfraCheckError, match=re.escape(message)):
        check_same(expected, np.array(found))


def test_an_operation_that_cannot_be_converted_is_told_in_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> bytes:
        raise InfraCheckError("it has no Lgamma.")

    monkeypatch.setattr(component, "convert", refuse)
    nothing: Any = None  # of the model and the rows nothing is asked before there is a file
    row = component._convert(tmp_path, nothing, "int8", {}, nothing)
    assert (row.variant, row.refused, row.bytes) == ("int8", "it has no Lgamma.", None)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_the_runtime_cannot_run_is_told_in_its_row(tmp_path: Path) -> None:
    part, given = parts.of(tf.math.lgamma), {"x": np.ones(100, np.float32)}

    class OnlyScores:
        @staticmethod
        def measure(_: str, content: bytes) -> Any:
            return LiteRTModel(content).score(given)

    unmeasured: Any = OnlyScores()
    row = component._convert(tmp_path, part, "float", given, unmeasured)
    assert row.refused.startswith("LiteRT must run what its converter has made, but says: Given shapes")
    assert list(tmp_path.iterdir()) == []
