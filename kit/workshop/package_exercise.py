"""Exercises with a candidate whose metrics are good and whose package breaks clients or servers.

The candidates are only what the kit's preflight reads from a package: signatures and operations. Nothing is trained.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from kit.errors import InfraCheckError
from kit.release.contract import SignatureShape, check_promised, promised_by
from kit.release.operations import Used, known_releases, lowest_release, parse_target, preflight, release_text
from kit.workshop.exercise import CAUGHT, FOUND, PROVED, Answer, Exercise, Point, same
from kit.workshop.guard import Guard, make_guard

NOTHING = "nothing is named yet"


class PackageExercise(Exercise):
    """What the kit's preflight says about packages under a participant's promises.

    Args:
        project: the project whose packages they are.
        folder: for the exercise's copy of project.yml and schema.
        seed: chooses the tensor or the operation that is at fault.
        about: name, title and hints.
    """

    taken: Mapping[str, Any] = {}  # what the exercise's copy of project.yml has lost

    @abstractmethod
    def judge(self, guard: Guard, package: str) -> str:
        """Return what the preflight says about a package that it lets pass.

        Raises:
            InfraCheckError: when the preflight refuses it.
        """

    good: tuple[str, ...] = ("served",)
    bad: tuple[str, ...] = ("candidate", "next candidate")

    def said(self) -> list[str]:
        """Return what the exercise's weaker copy says about the candidate: that nothing is wrong."""
        return [self.judge(self.guard(Answer()), self.bad[0])]

    def guard(self, answer: Answer) -> Guard:
        return make_guard(self._project, self._folder, (self.taken, {}), (answer.settings, answer.rules))

    def catch(self, guard: Guard) -> Point:
        said = ""
        for package in self.good:
            try:
                self.judge(guard, package)
            except InfraCheckError as error:
                return Point(CAUGHT, False, f"the {package} model is stopped as well: {error}")
        for package in self.bad:
            try:
                self.judge(guard, package)
            except InfraCheckError as error:
                said = said or str(error)
            else:
                return Point(CAUGHT, False, f"the {package} would still be pushed")
        return Point(CAUGHT, True, f"stopped: {said}")


class SignatureExercise(PackageExercise):
    """An input of a signature has another name; the proof is the name that clients still send."""

    signature = "serving_default"
    _renamed: Mapping[str, str] = {"user_id": "user", "item_ids": "items", "timestamp": "time"}
    taken = {"signatures": {}}  # noqa: RUF012  read only

    def rows(self) -> pd.DataFrame:
        """Return the signatures of the candidate, one row per tensor."""
        return _tensors(self._packages()["candidate"])

    def clean_rows(self) -> pd.DataFrame:
        """Return those of the model that is served now."""
        return _tensors(self._packages()["served"])

    def find(self, where: str) -> Point:
        reached = same(where, self.signature)
        not_there = f"clients of {where} can go on" if where else NOTHING
        return Point(FOUND, reached, f"{self.signature} has changed" if reached else not_there)

    def prove(self, proof: Any) -> Point:
        reached = same(proof, self._was)
        not_it = NOTHING if proof is None else f"a request with {proof} is not what is refused"
        return Point(PROVED, reached, f"a request with {self._was} is refused" if reached else not_it)

    def judge(self, guard: Guard, package: str) -> str:
        promised = {name: one.model_dump() for name, one in guard.project.spec.signatures.items()}
        return check_promised(promised_by(promised), self._packages()[package])

    @property
    def _was(self) -> str:
        """The name that clients still send."""
        return list(self._renamed)[self._seed % len(self._renamed)]

    def _packages(self) -> dict[str, dict[str, SignatureShape]]:
        """The signatures by package. The next candidate has the right names but no longer gives one score per item."""
        given = {name: one.model_dump() for name, one in self._project.spec.signatures.items()}
        served = promised_by(given)
        asked = served[self.signature]
        now = self._renamed[self._was]
        inputs = {now if name == self._was else name: one for name, one in asked.inputs.items()}
        outputs = {name: replace(one, sizes=(None,)) for name, one in asked.outputs.items()}
        return {
            "served": served,
            "candidate": {**served, self.signature: replace(asked, inputs=inputs)},
            "next candidate": {**served, self.signature: replace(asked, outputs=outputs)},
        }


class SkewExercise(PackageExercise):
    """An operation is younger than the server; the proof is the oldest release that can serve the candidate."""

    server = "tensorflow_serving 2.17"  # the shop's server, which the participants are told
    taken = {"release.targets": []}  # noqa: RUF012  read only
    good = ("served", "another good")
    _usual = ("AddV2", "Cast", "GatherV2", "LookupTableFindV2", "MatMul", "ParseExampleV2", "Sigmoid")
    _too_young = ("DecodeJxl", "DecodeWebP")  # of 2.21 and 2.20

    def rows(self) -> pd.DataFrame:
        """Return the operations of the candidate."""
        return pd.DataFrame({"operation": self._used("candidate").operations})

    def clean_rows(self) -> pd.DataFrame:
        """Return those of the model that is served now."""
        return pd.DataFrame({"operation": self._used("served").operations})

    def find(self, where: str) -> Point:
        [wanted] = self._own("candidate")
        reached = same(where, wanted)
        not_there = f"the server knows {where}, or the candidate does not use it" if where else NOTHING
        return Point(FOUND, reached, f"{self.server} does not know {wanted}" if reached else not_there)

    def prove(self, proof: Any) -> Point:
        wanted = release_text(lowest_release(self._used("candidate"), known_releases()))
        reached = same(proof, wanted)
        not_it = NOTHING if proof is None else f"the oldest release that can serve it is not {proof}"
        return Point(PROVED, reached, f"only {wanted} and newer can serve it" if reached else not_it)

    def judge(self, guard: Guard, package: str) -> str:
        targets = [parse_target(text) for text in guard.project.spec.release.targets]
        return preflight(self._used(package), targets)

    def _own(self, package: str) -> tuple[str, ...]:
        """Return what a package uses beyond the usual: 2.18 is too young as well, and 2.17 is not."""
        return {
            "candidate": (self._too_young[self._seed % len(self._too_young)],),
            "next candidate": ("CheckPinned",),
            "another good": ("WeightedFlatMapDataset",),
        }.get(package, ())

    def _used(self, package: str) -> Used:
        formats = known_releases().graph_format
        operations = tuple(sorted({*self._usual, *self._own(package)}))
        return Used(operations, (), producer=max(formats.values()), min_consumer=12)


def _tensors(signatures: Mapping[str, SignatureShape]) -> pd.DataFrame:
    rows = [
        (name, kind, tensor, str(shape))
        for name, one in signatures.items()
        for kind, tensors in (("input", one.inputs), ("output", one.outputs))
        for tensor, shape in tensors.items()
    ]
    return pd.DataFrame(rows, columns=["signature", "kind", "tensor", "type"])
