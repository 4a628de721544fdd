"""Four-way parity: the same raw rows through training's graph, the SavedModel, a server and LiteRT give the same.

What differs is named in the order in which a row goes: features before scores, so that the first name is where to look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tfx.utils import path_utils

from kit.data.records import as_text, first_records
from kit.errors import InfraCheckError, StepOrderError
from kit.features.parity import largest_difference
from kit.release.fresh_server import fresh_server
from kit.release.infra import evaluated_model, infra_blessing
from kit.release.litert.config import Variant
from kit.release.litert.made import converted
from kit.release.litert.model_part import Array, origin_of, rebuild
from kit.release.signatures import MODEL_FOLDER
from kit.release.ways import (
    Computed,
    by_grpc,
    by_litert,
    by_rest,
    by_saved_model,
    by_training,
)
from kit.session import Session

FLOAT_BOUND = 1e-5
"""Of a number, relative to 1 + its size: the same sum in another order of its parts."""
SCORE = "score"
_SHOWN = 100  # characters of a value


@dataclass(frozen=True)
class Difference:
    """How far a feature or the score of one way is from training's.

    Attributes:
        way: its name.
        value: the feature, or `score`.
        largest: difference of any row; of texts, how many differ; infinity where one has a number and the other none.
        bound: that it must keep, of a fractional number relative to 1 + its size.
        row: the first one beyond the bound; None: there is none.
        expected: of training in that row.
        found: of this way.
    """

    way: str
    value: str
    largest: float
    bound: float
    row: int | None = None
    expected: str = ""
    found: str = ""

    @property
    def ok(self) -> bool:
        return self.row is None


@dataclass(frozen=True)
class FourWays:
    """What was compared: so many rows, and the differences of each way, features before scores.

    Attributes:
        rows: how many.
        differences: of all ways.
        left_out: ways that were not there, and why.
    """

    rows: int
    differences: tuple[Difference, ...]
    left_out: tuple[str, ...] = ()

    @property
    def first(self) -> Difference | None:
        """The first that is beyond its bound; None: all keep theirs."""
        return next((one for one in self.differences if not one.ok), None)

    def table(self) -> pd.DataFrame:
        """Return a row a value: the largest difference of each way; NaN where a way takes features as they are."""
        table = pd.DataFrame(
            [{"value": one.value, "way": one.way, "largest": one.largest} for one in self.differences]
        )
        order = list(dict.fromkeys(one.value for one in self.differences))
        ways = list(dict.fromkeys(one.way for one in self.differences))
        return table.pivot_table("largest", "value", "way", dropna=False).reindex(order)[ways]


def compare(training: Computed, ways: Sequence[tuple[Computed, float]]) -> tuple[Difference, ...]:
    """Hold what other ways made of the rows against what training made of them.

    Args:
        training: what is right.
        ways: the others, each with the bound of its scores; features have FLOAT_BOUND, and whole numbers and texts
            may not differ at all.

    Returns:
        All features of all ways, then all scores.
    """
    features = [
        _difference(way.way, name, expected, way.features.get(name), FLOAT_BOUND)
        for way, _ in ways
        if way.features
        for name, expected in sorted(training.features.items())
    ]
    scores = [_difference(way.way, SCORE, training.scores, way.scores, bound) for way, bound in ways]
    return (*features, *scores)


def _difference(way: str, value: str, expected: Array, found: Array | None, bound: float) -> Difference:
    if found is None or found.shape != expected.shape:
        shape = "nothing" if found is None else f"the shape {[*found.shape]}"
        return Difference(way, value, float("inf"), bound, 0, f"the shape {[*expected.shape]}", shape)
    is_fraction = expected.dtype.kind == "f"
    largest = largest_difference(found, expected)
    if is_fraction:
        near = np.isclose(found.astype(np.float64), expected.astype(np.float64), bound, bound, equal_nan=True)
    else:
        near = np.asarray(found == expected)
    rows = np.flatnonzero(~near.reshape(len(near), -1).all(axis=1))
    kept = bound if is_fraction else 0.0
    if not len(rows):
        return Difference(way, value, largest, kept)
    row = int(rows[0])
    return Difference(way, value, largest, kept, row, _shown(expected[row]), _shown(found[row]))


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        listed = ", ".join(as_text(one) for one in value.ravel()[:_SHOWN])
        return f"[{listed}]"[:_SHOWN]
    return as_text(value)[:_SHOWN]


def four_ways(session: Session, rows: int = 1000, package: Path | None = None) -> FourWays:
    """Send rows of the evaluation split all ways; takes some seconds, most of them for the server.

    Args:
        session: whose InfraValidator and LiteRTConverter have run on the model that was evaluated last.
        rows: how many; as many as there are.
        package: folder of the SavedModel to ask; None: the one that InfraValidator packaged.

    Raises:
        StepOrderError: when one of them has not.
        InfraCheckError: when a way does not answer at all.
    """
    model, release = evaluated_model(session), session.project.spec.release
    origin = origin_of(session, model)
    graph, transformed = (Path(origin.inputs[name][0].uri) for name in ("transform_graph", "examples"))
    package = package or Path(path_utils.stamped_model_path(infra_blessing(session).uri))
    files, left_out = _files(converted(session), release.litert.variant)
    part = rebuild(session.project, origin.training, graph, Path(model.uri) / MODEL_FOLDER)
    records = first_records(_raw(session, transformed), "eval", rows)

    training = by_training(part, transformed, graph, rows)
    ways = [(by_saved_model(package, part, records), FLOAT_BOUND)]
    with fresh_server(package, session.project.name, release.max_load_seconds) as server:
        ways.append((by_grpc(server, part, records), FLOAT_BOUND))
        if server.rest_address is None:
            left_out.append("REST: the server has none")
        else:
            ways.append((by_rest(server, part, records, ways[0][0]), FLOAT_BOUND))
    ways += [
        (by_litert(variant, content, training.features), release.litert.bound(variant))
        for variant, content in files.items()
    ]
    return FourWays(len(records), compare(training, ways), tuple(left_out))


def check_four_ways(parity: FourWays) -> str:
    """Return one sentence when every way keeps its bounds.

    Raises:
        InfraCheckError: otherwise; the message names the first feature, or the score, that diverges.
    """
    first = parity.first
    if first is not None:
        others = [one.value for one in parity.differences if not one.ok and one.way == first.way][1:]
        more = f" So do {', '.join(others)}, which come after it." if others else ""
        raise InfraCheckError(
            f"{first.value} must be the same by {first.way} as in training, within {first.bound:g}, but in row "
            f"{first.row} it is {first.found}, not {first.expected}.{more} {_what_to_do(first)}"
        )
    by_bound: defaultdict[float, list[str]] = defaultdict(list)
    for one in parity.differences:
        if one.value == SCORE:
            by_bound[one.bound].append(one.way)
    kept = "; ".join(f"by {', '.join(ways)} within {bound:g}" for bound, ways in by_bound.items())
    left_out = f" Left out: {'; '.join(parity.left_out)}." if parity.left_out else ""
    return f"{parity.rows} rows have the features and scores of training: {kept} of 1 + a score.{left_out}"


def _what_to_do(first: Difference) -> str:
    if first.way.startswith("LiteRT"):
        return "Choose another variant below release.litert in project.yml, or raise its bound there."
    if first.value == SCORE:
        return "Its features agree, so look at the model: train and package it again."
    return f"Look at what features.py computes for {first.value}: train and package again, without the cache."


def _files(folder: Path, chosen: Variant) -> tuple[Mapping[Variant, bytes], list[str]]:
    """Return the float file and the one that is meant for use, and what is not there."""
    names: list[Variant] = list(dict.fromkeys(("float", chosen)))
    paths = {name: folder / f"{name}.tflite" for name in names}
    missing = [
        f"LiteRT {name}: it could not be converted" for name, path in paths.items() if not path.is_file()
    ]
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}, missing


def _raw(session: Session, transformed: Path) -> Path:
    """Return the raw examples that Transform made transformed ones of.

    Raises:
        StepOrderError: when Transform of this workspace has not.
    """
    for inputs, outputs in session.history("Transform"):
        if Path(outputs["transformed_examples"][0].uri) == transformed:
            return Path(inputs["examples"][0].uri)
    raise StepOrderError(
        f"Transform must have made {transformed} in this workspace, but has not. Run 02_features to 04_evaluate again."
    )
