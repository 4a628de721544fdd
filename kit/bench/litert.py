"""What LiteRT files cost and save: for the sample's model, and for the same model with a real shop's number of users.

The sample's model has 1,370 users, so its float file is 0.2 MB. A tenth of that describes the operations and stays
as it is, and the converter leaves weights of fewer than 1,024 numbers in float, with no option to change that. Even
with every weight in 8 bits, the file would be a third of the float one: the goal of 0.27 is for a model that is nearly
all weights, like that of a shop with 100,000 users. Both are reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import tensorflow_transform as tft

from kit.bench.chain import kit_command, run_timed
from kit.bench.figure import Figure
from kit.errors import StepFailedError
from kit.project import Project
from kit.release.infra import evaluated_model
from kit.release.litert.component import litert_converter
from kit.release.litert.config import Variant
from kit.release.litert.convert import convert
from kit.release.litert.made import measured
from kit.release.litert.measure import Measured
from kit.release.litert.model_part import ModelPart, origin_of
from kit.session import Session
from kit.training.build import build, model_module_of
from kit.workspace import Workspace

_NOTEBOOKS = ("01_data", "02_features", "03_train", "04_evaluate")
_MOST_BYTES, _MOST_LOST = 0.27, 0.01
_USERS = 100_000
_SHOP = {"user_id": _USERS, "item_id": 5_000}  # vocabulary sizes
CHOSEN: Variant = "dynamic_range"
WHOLE: Variant = "float"


def litert(folder: Path) -> Iterator[Figure]:
    """Train the sample and convert its model; takes about two minutes on two cores."""
    workspace = folder / "kit"
    run_timed(kit_command("run", *_NOTEBOOKS, "-w", str(workspace)))
    yield from of_session(Session(Workspace(workspace), Project.load("recommender")))


def of_session(session: Session) -> Iterator[Figure]:
    """Convert the model that was evaluated last in a session, and a model of the same code with more users.

    Raises:
        StepFailedError: when a file could not be made.
    """
    session.run(litert_converter(session), enable_cache=False)
    model, *files = measured(session)
    if refused := [one.refused for one in files if one.refused]:
        raise StepFailedError(
            f"Every LiteRT file must be made to be measured, but: {refused[0]} Correct model.py."
        )
    by_name = {one.variant: one for one in files}
    yield _ratio("the sample", by_name[CHOSEN].bytes, by_name[WHOLE].bytes, None)
    grown = with_words(session, _SHOP)
    yield _ratio(f"{_USERS:,} users", grown.chosen, grown.whole, _MOST_BYTES)
    for name, one in by_name.items():
        yield from _losses(name, one)
    for name, one in by_name.items():
        for rows, ours, peer in (
            ("1 example", one.ms_few, model.ms_few),
            ("64 examples", one.ms_many, model.ms_many),
        ):
            speed = f"LiteRT {name}, {rows}, milliseconds (peer: the model in TensorFlow)"
            yield Figure(speed, ours or 0.0, "ms", better="less", peer=peer, measured=ours)


def _ratio(whose: str, chosen: int | None, whole: int | None, goal: float | None) -> Figure:
    name = f"LiteRT dynamic range, bytes over float, model of {whose}"
    if not chosen or not whole:
        raise StepFailedError(f"{name}: both files must have bytes, but have {chosen} and {whole}.")
    return Figure(name, chosen / whole, "ratio", goal, "less", peer=whole / 1e6, measured=chosen / 1e6)


def _losses(name: str, one: Measured) -> Iterator[Figure]:
    goal = _MOST_LOST if name == CHOSEN else None  # the others are only reported
    for where, lost in (("all rows", one.lost), (f"worst slice, {one.worst_slice}", one.worst_lost)):
        if lost is None:
            raise StepFailedError(f"The AUC of LiteRT {name} must be known on {where}, but is not.")
        yield Figure(f"LiteRT {name}, AUC lost, {where}", lost, "AUC", goal, "less")
    yield Figure(f"LiteRT {name}, best ten of a hundred kept", one.overlap or 0.0, "share")


class Sizes(NamedTuple):
    """The sizes of a model's two files, in bytes."""

    chosen: int
    whole: int


class _Larger(tft.TFTransformOutput):
    """Transform's output with larger vocabularies, only as far as building a model needs it."""

    def __init__(self, folder: str, words: Mapping[str, int]) -> None:
        super().__init__(folder)
        self._words = dict(words)

    def vocabulary_size_by_name(self, vocab_filename: str) -> int:
        known: int = super().vocabulary_size_by_name(vocab_filename)
        return self._words.get(vocab_filename, known)


def with_words(session: Session, words: Mapping[str, int]) -> Sizes:
    """Convert a model of the project's code for larger vocabularies.

    It is not trained: that does not change its size.

    Args:
        session: the project's session.
        words: the new size of each vocabulary; vocabularies not named keep theirs.
    """
    origin = origin_of(session, evaluated_model(session))
    output = _Larger(origin.inputs["transform_graph"][0].uri, words)
    part = ModelPart(build(model_module_of(session.project), output, origin.training, steps=1))
    return Sizes(len(convert(part, CHOSEN, {})), len(convert(part, WHOLE, {})))
