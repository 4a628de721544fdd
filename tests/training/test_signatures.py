"""A saved model gives one answer to a row, whichever way it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf

from kit.data.records import first_records
from kit.release.signatures import load_signatures, make_request

if TYPE_CHECKING:
    from training.tiny import Tiny

ROWS = 200
NAN = float("nan")


@pytest.fixture(scope="module")
def signatures(tiny: Tiny) -> dict[str, Any]:
    return load_signatures(tiny.path("Trainer", "model"))


@pytest.fixture(scope="module")
def records(tiny: Tiny) -> list[bytes]:
    return first_records(tiny.path("ExampleGen", "examples"), "eval", ROWS)


def score(signature: Any, **columns: list[Any]) -> list[float]:
    dtypes = {name: spec.dtype for name, spec in signature.inputs.items()}
    answer = signature(**{name: tf.constant(values, dtypes[name]) for name, values in columns.items()})
    scores: list[float] = answer["score"].numpy().tolist()
    return scores


def example(**columns: Any) -> bytes:
    made = tf.train.Example()
    for name, value in columns.items():
        kind = "bytes_list" if isinstance(value, str) else "float_list"
        values = getattr(made.features.feature[name], kind).value
        values.append(value.encode() if isinstance(value, str) else value)
    return bytes(made.SerializeToString())


def test_columns_and_examples_get_equal_scores(signatures: dict[str, Any], records: list[bytes]) -> None:
    by_column = make_request("serving_default", signatures["serving_default"].inputs, records, {})
    by_example = make_request("examples", signatures["examples"].inputs, records, {})
    heights, cities = by_column["height"].numpy(), by_column["city"].numpy()
    assert np.isnan(heights).any(), "rows with a missing number are among them"
    assert b"" in cities, "and rows with a missing category"
    scores = signatures["serving_default"](**by_column)["score"].numpy()
    np.testing.assert_allclose(scores, signatures["examples"](**by_example)["score"], atol=1e-6)
    assert len(set(scores.tolist())) > len(records) / 2


def test_the_signatures_take_and_give_what_they_should(signatures: dict[str, Any]) -> None:
    assert set(signatures) == {"serving_default", "examples", "classify", "regress", "transform_features"}
    assert set(signatures["serving_default"].inputs) == {"height", "city", "came"}, (
        "the label is not asked for"
    )
    assert set(signatures["serving_default"].outputs) == {"score"}
    assert set(signatures["examples"].inputs) == {"examples"}
    methods = {name: signature.method for name, signature in signatures.items() if name in signature.method}
    assert methods == {"classify": "classify", "regress": "regress"}


@pytest.mark.parametrize(
    ("missing", "as_sent"), [("height", NAN), ("city", ""), ("came", ""), ("came", "soon")]
)
def test_a_missing_value_gets_the_score_of_an_example_without_it(
    signatures: dict[str, Any], missing: str, as_sent: Any
) -> None:
    row = {"height": 181.5, "city": "Rom", "came": "2023-05-06 07:08:09"}
    rest = {name: value for name, value in row.items() if name != missing}
    columns = {name: [value] for name, value in {**row, missing: as_sent}.items()}
    [sent] = score(signatures["serving_default"], **columns)
    [wanted] = score(signatures["examples"], examples=[example(**rest)])
    [complete] = score(signatures["examples"], examples=[example(**row)])
    assert sent == pytest.approx(wanted, abs=1e-6)
    assert sent != pytest.approx(complete, abs=1e-6)


def test_an_unknown_category_is_scored_as_a_missing_one(signatures: dict[str, Any]) -> None:
    both = score(
        signatures["serving_default"],
        height=[170.0, 170.0],
        city=["Atlantis", ""],
        came=["2023-05-06 07:08:09"] * 2,
    )
    assert both[0] == both[1]


def test_an_empty_request_gets_an_empty_answer(signatures: dict[str, Any]) -> None:
    assert score(signatures["serving_default"], height=[], city=[], came=[]) == []
    assert score(signatures["examples"], examples=[]) == []


def test_the_model_is_better_than_chance(signatures: dict[str, Any], records: list[bytes]) -> None:
    request = {"examples": tf.constant(records)}
    scores = signatures["examples"](**request)["score"].numpy()
    labels = signatures["transform_features"](**request)["bought_xf"].numpy()
    assert scores[labels == 1].mean() > scores[labels == 0].mean() + 0.1
