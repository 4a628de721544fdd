"""Prove that a training repeats: run some steps twice, in separate processes, and compare the weights."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kit.errors import KitError
from kit.session import Session
from kit.steps import progress
from kit.training.config import Training
from kit.training.isolated import job_of, run_isolated
from kit.training.job import Job

_DIGITS = 16  # of a digest


class NotRepeatableError(KitError):
    """Two trainings from the same seed, data and versions have ended with different weights."""


@dataclass(frozen=True)
class Proof:
    """Two trainings that were equal.

    Attributes:
        digest: the first 16 digits of the SHA-256 of all weights.
        steps: the steps that each has trained.
        seed: the seed of both.
        weights: the number of compared variables.
        seconds: the seconds that both took together.
    """

    digest: str
    steps: int
    seed: int
    weights: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"Twice {self.steps} steps with seed {self.seed}: the same {self.weights} weights, {self.digest}, "
            f"in {self.seconds:.0f} s."
        )


def prove(session: Session, training: Training, steps: int = 50) -> Proof:
    """Train twice from the start, on one CPU device, and compare the weights bit by bit.

    Args:
        session: the session in which Transform has run.
        training: the settings, trained here in float32 without XLA.
        steps: the steps to train.

    Raises:
        NotRepeatableError: when a weight differs; the message names it.
    """
    plain = training.model_copy(
        update={"strategy": "one_device", "precision": "float32", "jit_compile": False}
    )
    payload = json.dumps({"job": job_of(session, plain).to_json(), "steps": steps}).encode()
    environ = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    started = time.monotonic()
    one, other = (
        json.loads(
            run_isolated(digests, payload, f"training {number} of 2 from the same seed", environ=environ)
        )
        for number in (1, 2)
    )
    return compare(one, other, steps, training.seed, time.monotonic() - started)


def compare(one: Mapping[str, str], other: Mapping[str, str], steps: int, seed: int, seconds: float) -> Proof:
    """Compare the digests of weights by their names.

    Raises:
        NotRepeatableError: when they differ.
    """
    if differ := [name for name in one if one[name] != other.get(name)]:
        raise NotRepeatableError(
            f"Two trainings with seed {seed} must end with the same weights, but after {steps} steps {len(differ)} of "
            f"{len(one)} differ: {', '.join(differ[:5])}. Look in model.py for what draws without the seed or depends "
            "on time, and in features.py for what is not part of the data."
        )
    whole = hashlib.sha256("".join(f"{name} {digest}\n" for name, digest in one.items()).encode())
    return Proof(whole.hexdigest()[:_DIGITS], steps, seed, len(one), round(seconds, 2))


def digests(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Train some steps in a process of its own.

    Returns:
        JSON of the SHA-256 of each weight, by its index and name.
    """
    from kit.training.short_training import ShortTraining  # noqa: PLC0415  TensorFlow

    progress.set_report(report)
    asked = json.loads(payload)
    short = ShortTraining.of(Job.from_json(asked["job"]))
    short.model.fit(short.batches(), steps_per_epoch=asked["steps"], epochs=1, verbose=0)
    found = {
        f"{weight.name} ({place})": hashlib.sha256(weight.numpy().tobytes()).hexdigest()
        for place, weight in enumerate(short.model.weights)
    }
    return json.dumps(found).encode()
