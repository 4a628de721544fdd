"""The same slices as TFMA's slicer finds row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib

from kit.evaluation.local.rows import NotLocalError, Pairs
from kit.evaluation.local.slices import slices_of

COUNT = 60
Spec = config_pb2.SlicingSpec


def features() -> dict[str, Pairs]:
    """Return one value a row, some rows without, and several values a row, one of them twice."""
    draw = np.random.default_rng(1)
    every = np.arange(COUNT)
    some = every[draw.random(COUNT) < 0.7]
    twice = np.sort(np.concatenate([every, every]))
    return {
        "hour": Pairs(every, draw.integers(3, size=COUNT)),
        "city": Pairs(some, draw.choice([b"Rom", "東京".encode(), b"7"], len(some)).astype(object)),
        "price": Pairs(every, draw.choice([0.5, 1.5], COUNT).astype(np.float32)),
        "tags": Pairs(twice, draw.choice([b"new", b"big", b"7"], len(twice)).astype(object)),
    }


SPECS = {
    "all rows": [Spec()],
    "none given": [],
    "a text that some have not": [Spec(feature_keys=["city"])],
    "numbers": [Spec(feature_keys=["hour"]), Spec(feature_keys=["price"])],
    "several values": [Spec(feature_keys=["tags"])],
    "crossed": [Spec(feature_keys=["tags", "city", "hour"])],
    "one value": [Spec(feature_values={"city": "東京"})],
    "one number": [Spec(feature_values={"hour": "2"}), Spec(feature_values={"price": "1.5"})],
    "a text that looks like a number": [Spec(feature_values={"city": "7"})],
    "a value and a key": [Spec(feature_keys=["hour"], feature_values={"tags": "new", "city": "Rom"})],
    "twice": [Spec(feature_values={"hour": "1"}), Spec(feature_keys=["hour"])],
    "not there": [Spec(feature_keys=["colour"]), Spec(feature_values={"colour": "red"}), Spec()],
}


@pytest.mark.parametrize("specs", SPECS.values(), ids=SPECS)
def test_every_row_is_in_the_slices_that_tfma_puts_it_into(specs: list[Any]) -> None:
    columns = features()
    found = slices_of(specs, columns, COUNT)
    ours: dict[Any, set[int]] = {key: set() for key in found.keys}
    for number, row in zip(found.numbers, found.elements, strict=True):
        assert row not in ours[found.keys[number]], "a row is in a slice once"
        ours[found.keys[number]].add(int(row))
    tfmas: dict[Any, set[int]] = {}
    parsed = [slicer_lib.SingleSliceSpec(spec=spec) for spec in specs] or [slicer_lib.SingleSliceSpec()]
    for row in range(COUNT):
        values = {name: pairs.values[pairs.rows == row] for name, pairs in columns.items()}
        for key in slicer_lib.get_slices_for_features_dicts([], values, parsed):
            tfmas.setdefault(key, set()).add(row)
    assert ours == tfmas
    assert {key: [type(value) for _, value in key] for key in ours} == {
        key: [type(value) for _, value in key] for key in tfmas
    }


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.array([b"\xff"] * COUNT, object), "UTF-8"),
        (np.full(COUNT, np.nan), "not a number"),
    ],
    ids=["text", "NaN"],
)
def test_what_cannot_be_a_key_is_left_to_beam(values: Any, reason: str) -> None:
    with pytest.raises(NotLocalError, match=reason):
        slices_of([Spec(feature_keys=["odd"])], {"odd": Pairs(np.arange(COUNT), values)}, COUNT)
