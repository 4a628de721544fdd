"""The reference solution of each exercise, and three plausible wrong ones, as data: for teachers and for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from kit.workshop.exercise import Answer

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Solutions:
    """What is known to be right and to be wrong about an exercise with its usual seed.

    Attributes:
        text: the text of the file, for people.
        reference: scores all three points.
        wrong: each scores none; the key says why it is plausible, and wrong.
    """

    text: str
    reference: Answer
    wrong: dict[str, Answer]


def solutions_of(name: str) -> Solutions:
    """Read the solutions of an exercise; its name is one of the catalogue's."""
    text = (_FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    wrong = {one["why"]: Answer.of(one["answer"]) for one in content["wrong"]}
    return Solutions(text, Answer.of(content["reference"]), wrong)
