"""Measure what each training switch is worth for a project's model on this machine, by a short trial of each."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from kit.errors import KitError
from kit.session import Session
from kit.steps import progress
from kit.texts import Say
from kit.training.config import Training
from kit.training.isolated import job_of, run_isolated
from kit.training.job import Job
from kit.translation.messages import in_language

AS_SET = "as set"
_STRETCHES, _STRETCH_SECONDS = 3, 0.5
_STREAMED_MB, _MEMORY_MB = 0, 1_000_000
_AT_ONCE = (1, 10, 20)
_NOTE_LETTERS = 300
_UNKNOWN = "\N{EN DASH}"


@dataclass(frozen=True)
class Effect:
    """The trial of one way to train.

    Attributes:
        setting: what differs from the settings; `as set`: nothing.
        steps_per_second: the median of three stretches; None: it could not train.
        ratio: the pace relative to that of the settings as they are.
        note: a remark: how much of a step the input takes, or why it could not train.
    """

    setting: str
    steps_per_second: float | None
    ratio: float | None
    note: str


def effects(
    session: Session, training: Training, *, most_seconds: float = 60, say: Say = print
) -> pd.DataFrame:
    """Try each switch by itself on the project's latest transformed examples; takes minutes.

    Each is tried in a process of its own, one after another. A step is one batch, however it is compiled.

    Args:
        session: the session in which Transform has run.
        training: the settings; on one device, whatever the strategy is.
        most_seconds: the seconds that a switch may take, after which it is ended; XLA may hang.
        say: is told of each setting when it has been tried.

    Returns:
        One row per setting, with the attributes of `Effect` as columns; a dash stands for what is not known.
    """
    plain = training.model_copy(
        update={"strategy": "one_device", "precision": "float32", "jit_compile": False}
    )
    tried: list[Effect] = []
    asked: list[tuple[str, Mapping[str, Any]]] = [(AS_SET, {}), *_switches(plain)]
    for number, (name, changes) in enumerate(asked, 1):
        tried.append(_try(session, plain, name, changes, most_seconds))
        say(_line(tried[-1], number, len(asked)))
    usual = tried[0].steps_per_second
    table = pd.DataFrame(
        asdict(replace(one, ratio=one.steps_per_second / usual if one.steps_per_second and usual else None))
        for one in tried
    )
    return table.astype(object).where(table.notna(), _UNKNOWN)


def _line(effect: Effect, number: int, of: int) -> str:
    if effect.steps_per_second is None:
        return in_language(f"{number} of {of}, {effect.setting}: could not train")
    return in_language(f"{number} of {of}, {effect.setting}: {effect.steps_per_second:,.0f} steps per second")


def _switches(training: Training) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for steps in _AT_ONCE:
        if steps != training.steps_per_execution:
            yield f"steps_per_execution {steps}", {"steps_per_execution": steps}
    yield "precision mixed_bfloat16", {"precision": "mixed_bfloat16"}
    yield "precision mixed_float16", {"precision": "mixed_float16"}
    yield "jit_compile on", {"jit_compile": True}
    yield "input from memory", {"memory_mb": _MEMORY_MB}
    yield (
        "input streamed: interleave, cache, prefetch",
        {"memory_mb": _STREAMED_MB, "cache": True, "ahead": True},
    )
    yield "input streamed, without cache", {"memory_mb": _STREAMED_MB, "cache": False, "ahead": True}
    yield "input streamed, without prefetch", {"memory_mb": _STREAMED_MB, "cache": True, "ahead": False}


def _try(
    session: Session, training: Training, name: str, changes: Mapping[str, Any], most_seconds: float
) -> Effect:
    known = {key: value for key, value in changes.items() if key in Training.model_fields}
    job = job_of(session, training.model_copy(update=known))
    asked = {"job": job.to_json(), "input": {key: changes[key] for key in changes if key not in known}}
    try:
        answer = run_isolated(measure, json.dumps(asked).encode(), f"trying {name}", seconds=most_seconds)
    except KitError as error:
        return Effect(name, None, None, " ".join(str(error).split())[:_NOTE_LETTERS])
    found = json.loads(answer)
    return Effect(name, found["steps_per_second"], None, found["note"])


def measure(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Train for a moment, in a process of its own.

    Returns:
        JSON of the steps per second, and of a note.
    """
    from kit.training import dataset  # noqa: PLC0415  TensorFlow
    from kit.training.short_training import ShortTraining  # noqa: PLC0415
    from kit.training.streamed import Reading  # noqa: PLC0415

    progress.set_report(report)
    asked = json.loads(payload)
    short = ShortTraining.of(Job.from_json(asked["job"]), Reading(**asked["input"]))
    paces, loss = short.paces(iter(short.batches()), _STRETCH_SECONDS, _STRETCHES)
    pace = statistics.median(paces)
    share = dataset.seconds_a_batch(short.batches()) * pace
    note = f"the input alone takes {share:.0%} of a step"
    if not math.isfinite(loss):
        note += f"; the loss became {loss}, so nothing is learned"
    return json.dumps({"steps_per_second": round(pace, 2), "note": note}).encode()
