"""A value that another way computes otherwise is found and named, the feature before the scores that follow from it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from kit.errors import ExitCode, InfraCheckError, StepOrderError
from kit.release import parity as parity_room
from kit.release.differences import Difference, ServingParity, compare
from kit.release.infra import evaluated_model, infra_blessing, infra_validator
from kit.release.litert.component import litert_converter
from kit.release.litert.model_part import origin_of, rebuild
from kit.release.parity import check_serving_parity, last_serving_parity, serving_parity
from kit.release.signatures import MODEL_FOLDER
from kit.release.ways import Computed
from kit.session import Session
from kit.training.build import model_module_of
from kit.training.save import save

if TYPE_CHECKING:
    from training.tiny import Tiny

Features = dict[str, np.ndarray[Any, Any]]


def features() -> Features:
    return {
        "age_xf": np.array([20.0, 30.0, np.nan], np.float32),
        "city_xf": np.array([200_000, 1, 2]),
        "last_xf": np.array([[1, 2], [3, 4], [5, 6]]),
        "word_xf": np.array([b"a", b"b", "ö".encode()], object),
    }


def training() -> Computed:
    return Computed("training graph", features(), np.array([0.1, 0.5, 0.9], np.float32))


def other(change: Callable[[Features], None] = lambda _: None, scores: Any = (0.1, 0.5, 0.9)) -> Computed:
    changed = features()
    change(changed)
    return Computed("gRPC", changed, np.array(scores, np.float32))


def shift(name: str, row: int, by: Any) -> Callable[[Features], None]:
    def change(changed: Features) -> None:
        changed[name][row] += by

    return change


def test_what_is_the_same_is_all_within_its_bounds() -> None:
    found = compare(training(), [(other(shift("age_xf", 1, 1e-4)), 1e-5)])
    assert all(one.ok for one in found)
    assert [one.value for one in found] == ["age_xf", "city_xf", "last_xf", "word_xf", "score"]
    assert [one.bound for one in found] == [1e-5, 0, 0, 0, 1e-5]
    assert found[0].largest == pytest.approx(1e-4, rel=0.1), "of 30.0, which is within 1e-5 of 31"


@pytest.mark.parametrize(
    ("change", "value", "row", "expected", "found"),
    [
        (shift("age_xf", 1, 0.01), "age_xf", 1, "30.0", "30.01"),
        (shift("age_xf", 0, np.nan), "age_xf", 0, "20.0", "nan"),
        (shift("city_xf", 0, 1), "city_xf", 0, "200000", "200001"),
        (shift("last_xf", 2, [0, 1]), "last_xf", 2, "[5, 6]", "[5, 7]"),
        (shift("word_xf", 2, b"!"), "word_xf", 2, "ö", "ö!"),
        (lambda changed: changed.pop("city_xf"), "city_xf", 0, "the shape [3]", "nothing"),
        (
            lambda changed: changed.update(last_xf=np.zeros((3, 3), int)),
            "last_xf",
            0,
            "the shape [3, 2]",
            "the shape [3, 3]",
        ),
    ],
    ids=["number", "only one is a number", "code", "list", "text", "missing", "shape"],
)
def test_a_feature_that_is_computed_otherwise_is_named(
    change: Callable[[Features], None], value: str, row: int, expected: str, found: str
) -> None:
    parity = ServingParity(3, compare(training(), [(other(change, (0.7, 0.7, 0.7)), 1e-5)]))
    first = parity.first
    assert first
    assert (first.value, first.row, first.expected, first.found) == (value, row, expected, found)
    with pytest.raises(InfraCheckError, match=f"^{value} must be the same by gRPC as in training") as error:
        check_serving_parity(parity)
    assert "So do score, which come after it. Look at what features.py computes" in str(error.value)
    assert error.value.exit_code == ExitCode.INFRA_CHECK


def test_a_feature_of_a_later_way_comes_before_the_score_of_an_earlier_one() -> None:
    wrong_score = other(scores=(0.1, 0.5, 0.8))
    wrong_feature = Computed("REST", other(shift("city_xf", 1, 1)).features, training().scores)
    parity = ServingParity(3, compare(training(), [(wrong_score, 1e-5), (wrong_feature, 1e-5)]))
    assert parity.first
    assert (parity.first.way, parity.first.value) == ("REST", "city_xf")


@pytest.mark.parametrize(("bound", "ok"), [(1e-5, False), (0.04, False), (0.06, True)])
def test_scores_keep_the_bound_of_their_way(bound: float, ok: bool) -> None:
    way = Computed("LiteRT int8", {}, np.array([0.1, 0.5, 0.8], np.float32))
    [score] = compare(training(), [(way, bound)])
    assert score.ok == ok
    assert score.largest == pytest.approx(0.1)
    if not ok:
        message = r"^score must be .*in row 2 it is 0\.8, not 0\.9\. Choose another variant"
        with pytest.raises(InfraCheckError, match=message):
            check_serving_parity(ServingParity(3, (score,)))


@pytest.mark.parametrize(("found", "ok"), [(3061.5, True), (3001.5, False)])
def test_a_small_score_is_rounded_as_the_large_ones_are(found: float, ok: bool) -> None:
    prices = np.array([3061.5312, 447_863.0, 612_000.0], np.float32)
    way = Computed("LiteRT float", {}, np.array([found, *prices[1:]], np.float32))
    [score] = compare(Computed("training graph", {}, prices), [(way, 1e-5)])
    assert score.ok == ok


def test_several_classes_are_compared_row_by_row() -> None:
    probabilities = np.array([[0.2, 0.8], [0.5, 0.5]], np.float32)
    right = Computed("training graph", {}, probabilities)
    wrong = Computed("SavedModel", {}, probabilities[:, ::-1])
    [score] = compare(right, [(wrong, 1e-5)])
    assert (score.row, score.expected, score.found) == (0, "[0.2, 0.8]", "[0.8, 0.2]")


def test_what_was_left_out_is_said() -> None:
    parity = ServingParity(
        9,
        (Difference("gRPC", "score", 0.0, 1e-5), Difference("LiteRT int8", "score", 0.1, 0.25)),
        ("REST: none",),
    )
    assert check_serving_parity(parity) == (
        "9 rows have the features and scores of training: by gRPC within 1e-05; by LiteRT int8 within 0.25 of the "
        "size of scores. Left out: REST: none."
    )


def test_the_table_has_a_row_a_value_and_a_column_a_way() -> None:
    litert = Computed("LiteRT float", {}, training().scores)
    table = ServingParity(3, compare(training(), [(other(), 1e-5), (litert, 1e-5)])).table()
    assert list(table.columns) == ["gRPC", "LiteRT float"]
    assert list(table.index) == ["age_xf", "city_xf", "last_xf", "word_xf", "score"]
    assert table["LiteRT float"].isna().sum() == 4
    assert table.to_numpy()[-1].tolist() == [0, 0]


@pytest.fixture
def packaged(blessed: Session) -> Session:
    blessed.run(infra_validator(blessed))
    blessed.run(litert_converter(blessed))
    return blessed


def test_a_package_scores_as_training_did_all_ways(packaged: Session) -> None:
    assert last_serving_parity(packaged).rows == 0
    parity = serving_parity(packaged, rows=120)
    assert last_serving_parity(packaged) == parity
    assert parity.rows == 120
    ways = list(dict.fromkeys(one.way for one in parity.differences))
    assert ways == [
        "SavedModel",
        "gRPC",
        "REST",
        "Classify",
        "Regress",
        "LiteRT float",
        "LiteRT dynamic_range",
    ]
    asked = {way: [one.value for one in parity.differences if one.way == way] for way in ways}
    assert {"height_xf", "city_xf", "bought_xf", "score"} <= set(asked["REST"])
    assert asked["SavedModel"] == asked["gRPC"] == asked["REST"]
    assert asked["LiteRT float"] == asked["Classify"] == asked["Regress"] == ["score"]
    assert (
        "120 rows have the features and scores of training: by SavedModel, gRPC, REST,"
        in check_serving_parity(parity)
    )


def test_the_same_rows_go_the_same_ways_once(packaged: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    parity = serving_parity(packaged, rows=7)
    monkeypatch.setattr(parity_room, "run_isolated", lambda *_: pytest.fail("asked again"))
    assert not parity.kept_from, "just now"
    kept = serving_parity(packaged, rows=7)
    assert kept == parity
    assert kept.kept_from.endswith("UTC")
    assert f"Kept from {kept.kept_from}: nothing" in check_serving_parity(kept)
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        serving_parity(packaged, rows=8)
    file = packaged.path("LiteRTConverter", "litert") / "float.tflite"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        serving_parity(packaged, rows=7)


class Shifted(tf.Module):
    """Transform's layer, but that it takes everybody as a little taller: a bug that only serving has."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def __call__(self, raw: dict[str, Any]) -> dict[str, tf.Tensor]:
        made = dict(self.layer(raw))
        return {**made, "height_xf": made["height_xf"] + 0.25}


def test_a_feature_that_serving_computes_otherwise_is_named(
    packaged: Session, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = evaluated_model(packaged)
    origin = origin_of(packaged, model)
    graph = Path(origin.inputs["transform_graph"][0].uri)
    part = rebuild(packaged.project, origin.training, graph, Path(model.uri) / MODEL_FOLDER)
    output = tft.TFTransformOutput(str(graph))
    layer = output.transform_features_layer()
    monkeypatch.setattr(output, "transform_features_layer", lambda: Shifted(layer))
    save(tiny.project, model_module_of(tiny.project), part.keras, output, None, str(tmp_path / "planted"))

    parity = serving_parity(packaged, rows=120, package=tmp_path / "planted")
    assert {one.value for one in parity.differences if not one.ok} == {"height_xf", "score"}
    wrong = {one.way for one in parity.differences if not one.ok}
    assert wrong == {"SavedModel", "gRPC", "REST", "Classify", "Regress"}
    height = next(one for one in parity.differences if one.value == "height_xf")
    assert height.largest == pytest.approx(0.25, abs=1e-4)
    message = "height_xf must be the same by SavedModel as in training, within 1e-05 of its size, but in row 0 it is "
    with pytest.raises(InfraCheckError, match=re.escape(message)):
        check_serving_parity(parity)


def test_a_variant_that_was_not_made_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "float.tflite").write_bytes(b"content")
    files, left_out = parity_room._files(tmp_path, "int8")
    assert files == {"float": b"content"}
    assert left_out == ["LiteRT int8: it could not be converted"]
    assert parity_room._files(tmp_path, "float") == (files, [])


def test_a_package_without_such_a_signature_is_refused(packaged: Session, tmp_path: Path) -> None:
    package = tmp_path / "other"
    module = tf.Module()
    module.one = tf.function(lambda x: {"y": x}, input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    tf.saved_model.save(module, str(package), signatures={"serving_default": module.one})
    with pytest.raises(InfraCheckError, match='transform_features" not found'):
        serving_parity(packaged, rows=5, package=package)
    shutil.rmtree(package)
    with pytest.raises(InfraCheckError, match="must be a SavedModel, but it cannot be loaded"):
        serving_parity(packaged, rows=5, package=package)


def test_without_the_steps_before_there_is_nothing_to_compare(
    blessed: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = blessed.history
    monkeypatch.setattr(blessed, "history", lambda of: [] if of == "LiteRTConverter" else history(of))
    blessed.run(infra_validator(blessed))
    assert infra_blessing(blessed)
    with pytest.raises(StepOrderError, match="LiteRTConverter must have converted"):
        serving_parity(blessed)
