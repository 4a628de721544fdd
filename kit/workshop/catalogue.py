"""The exercises by name; all are about the sample, since faults with known answers need known data.

Titles, order and hints are in `texts`; the answers are not here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kit.faults.catalogue import fault_named
from kit.project import Project
from kit.projects import SAMPLE
from kit.workshop.batching_exercise import BatchingExercise
from kit.workshop.data_exercise import Case, RowsExercise
from kit.workshop.exercise import About, Exercise
from kit.workshop.extraction_exercise import ExtractionExercise
from kit.workshop.measured import LEAK, LeakExercise, SilentExercise
from kit.workshop.operation_exercise import OperationExercise
from kit.workshop.package_exercise import SignatureExercise, SkewExercise
from kit.workshop.scores_exercise import ScoresExercise, Weakness
from kit.workshop.texts import check_name, texts

_Make = Callable[[Project, Path, int, About], Exercise]


def _negative_ages(project: Project, folder: Path, seed: int, about: About) -> Exercise:
    case = Case(fault_named("negative-values"), "age", 0.01, rules={"age": {"least": "", "most": ""}})
    return RowsExercise(project, folder, case, seed, about)


def _silent_category(project: Project, folder: Path, seed: int, about: About) -> Exercise:
    case = Case(fault_named("zeroed-category"), "category", 0.05, settings={"checks.label_rates": "off"})
    return SilentExercise(project, folder, case, seed, about)


def _vocabulary_drift(project: Project, folder: Path, seed: int, about: About) -> Exercise:
    case = Case(fault_named("new-value"), "device", 0.005, rules={"device": {"values": ""}})
    return RowsExercise(project, folder, case, seed, about)


def _leaking_feature(project: Project, folder: Path, seed: int, about: About) -> Exercise:
    case = Case(LEAK, "position", 0.9, everywhere=True, settings={"checks.leakage": "off"})
    return LeakExercise(project, folder, case, seed, about)


def _blind_spot(project: Project, folder: Path, seed: int, about: About) -> Exercise:
    return ScoresExercise(
        project, folder, Weakness({"device": "tablet", "age_band": "25 to 35"}), seed, about
    )


def _new_users(project: Project, folder: Path, seed: int, about: About) -> Exercise:
    return ScoresExercise(project, folder, Weakness({"user": "new"}), seed, about)


_MAKERS: dict[str, _Make] = {
    "negative_ages": _negative_ages,
    "silent_category": _silent_category,
    "vocabulary_drift": _vocabulary_drift,
    "leaking_feature": _leaking_feature,
    "blind_spot": _blind_spot,
    "new_users": _new_users,
    "wrong_signature": SignatureExercise,
    "version_skew": SkewExercise,
    "copied_endpoint": ExtractionExercise,
    "ruined_p99": BatchingExercise,
    "slow_op": OperationExercise,
}


def exercise_named(name: str, folder: Path, seed: int = 7) -> Exercise:
    """Return an exercise, ready to be looked at and answered.

    Args:
        name: the name of its notebook, without the number.
        folder: for its copy of project.yml and schema.
        seed: the seed that its fault follows from.

    Raises:
        WorkshopError: when there is none of that name; the message lists those that exist.
    """
    check_name(name)
    text = texts()[name]
    return _MAKERS[name](Project.load(SAMPLE), folder, seed, (name, text["title"], text["hints"]))
