"""The exercise on a slow candidate: its answers are as good, but a single operation takes most of the time.

Nothing is made up: the kit's own server serves the packages in this process, they are queried as during a release, and
the operations come from TensorFlow's own trace.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import grpc
import pandas as pd
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc

from kit.release.fresh_server import FreshServer
from kit.release.infra_check import Asked, Measured, ask_signature, check_limits
from kit.release.package_samples import read_samples
from kit.release.sample_request import Sample
from kit.serving.servable import DEFAULT_SIGNATURE, Servable
from kit.serving.server import ModelServer
from kit.serving.settings import Settings
from kit.training.boards.profile import Operation, Profile, read_profile, write_profile
from kit.workshop.errors import WorkshopError
from kit.workshop.exercise import FOUND, PROVED, Answer, Point, near, same
from kit.workshop.guard import Guard
from kit.workshop.operation_models import MODEL, VERSION, Request, request_of, save_package
from kit.workshop.package_exercise import NOTHING, PackageExercise

_WARM, _TRACED = 2, 5  # requests
_ROUNDS_SECONDS = 0.5
_STEP = "train"  # the kit's profile calls it a step; here it is a request


@dataclass(frozen=True)
class _Seen:
    """The time that a package takes for a request, in all and by operation."""

    measured: Measured
    profile: Profile


class OperationExercise(PackageExercise):
    """An operation that runs again for each item; the proof is how often it runs for one request.

    Args:
        project: the project whose copy the exercise has.
        folder: for the copies of project.yml and schema.
        seed: the seed that the models and the request follow from.
        about: name, title and hints.
    """

    taken = {"release.max_latency_ms": 10_000}  # noqa: RUF012  read only
    good = ("served",)

    def rows(self) -> pd.DataFrame:
        """Return the operations of the candidate for one request, the longest first."""
        return _table(self._seen("candidate").profile)

    def clean_rows(self) -> pd.DataFrame:
        """Return those of the model that is served now, for the same request."""
        return _table(self._seen("served").profile)

    def profiles(self) -> dict[str, Profile]:
        """Return what a request spends its time on, by package; what the profile calls a step is a request."""
        return {name: self._seen(name).profile for name in ("candidate", "served")}

    def said(self) -> list[str]:
        """Return what the candidate and the served model take, and that the limit lets both pass."""
        guard = self.guard(Answer())
        return [self.judge(guard, name) for name in ("candidate", "served")]

    def find(self, where: str) -> Point:
        reached = same(where, self._slow.type) or same(where, self._slow.name)
        not_it = f"without {where}, a request would take nearly as long" if where else NOTHING
        return Point(FOUND, reached, f"{self._slow.type} takes the time" if reached else not_it)

    def prove(self, proof: Any) -> Point:
        reached = near(proof, round(self._slow.times), 0)
        if proof is None:
            return Point(PROVED, reached, "nothing is counted yet")
        often = f"for one request it runs {proof} times"
        return Point(PROVED, reached, often if reached else f"for one request it does not run {proof} times")

    def judge(self, guard: Guard, package: str) -> str:
        release, measured = guard.project.spec.release, self._seen(package).measured
        check_limits(measured, release)
        [asked] = measured.signatures
        limit = f"release.max_latency_ms is {release.max_latency_ms:g}"
        return f"The {package} model answers in {asked.grpc_ms:g} ms; {limit}."

    @property
    def _slow(self) -> Operation:
        return self._seen("candidate").profile.operations[0]

    def _seen(self, name: str) -> _Seen:
        if name not in self._known:
            with tempfile.TemporaryDirectory() as folder:
                package = save_package(name, Path(folder) / "model", self._seed)
                self._known[name] = _Seen(
                    _measured(package), _traced(package, request_of(self._seed), Path(folder))
                )
        return self._known[name]

    @cached_property
    def _known(self) -> dict[str, _Seen]:
        return {}


def _measured(package: Path) -> Measured:
    """Serve a package, and ask it as the release asks a fresh server; memory and loading are not measured."""
    settings = Settings(port=0, model_name=MODEL, model_base_path=str(package.parent))
    with ModelServer(settings) as server:
        address = str(server.start().grpc)
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            asked = FreshServer(MODEL, None, 0, stub, os.getpid())
            return Measured(0, None, tuple(_quickest(asked, sample) for sample in read_samples(package)))


def _quickest(server: FreshServer, sample: Sample) -> Asked:
    """Ask in several short rounds, and return the quickest: other work on the machine only adds time."""
    enough = time.monotonic() + _ROUNDS_SECONDS
    rounds = [ask_signature(server, sample)]
    while time.monotonic() < enough:
        rounds.append(ask_signature(server, sample))
    return min(rounds, key=lambda one: one.grpc_ms)


def _traced(package: Path, request: Request, run: Path) -> Profile:
    """Answer a request several times, and read the trace.

    Raises:
        WorkshopError: when nothing was traced.
    """
    with closing(Servable.load(MODEL, VERSION, package)) as servable:
        for _ in range(_WARM):
            servable.run(DEFAULT_SIGNATURE, request)
        tf.profiler.experimental.start(str(run))
        try:
            for number in range(_TRACED):
                with tf.profiler.experimental.Trace(_STEP, step_num=number, _r=1):
                    servable.run(DEFAULT_SIGNATURE, request)
        finally:
            tf.profiler.experimental.stop()
    write_profile(run)
    profile = read_profile(run)
    if profile is None:
        raise WorkshopError(
            f"TensorFlow's profiler should have traced {_TRACED} requests, but has traced none. "
            "Run the cell again while nothing else is profiled in this kernel."
        )
    return profile


def _table(profile: Profile) -> pd.DataFrame:
    rows = [(one.name, one.type, one.times, round(one.microseconds / 1000, 3)) for one in profile.operations]
    return pd.DataFrame(rows, columns=["operation", "type", "times", "ms"])
