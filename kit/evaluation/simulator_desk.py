"""The gate simulator of a workspace: its last evaluations, judged by thresholds that a person moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kit.evaluation.blessing import BLESSED, is_blessed
from kit.evaluation.simulator import Bound, Decisive, StoredEvaluation, bounds_of
from kit.project.file import Gate
from kit.session import Session
from kit.strict_yaml import in_one_line
from kit.translation.messages import parts_in_language

LAST = 20
_FIELDS = ("min", "max", "min_change")  # the order of a gate's thresholds in `bounds_of`


@dataclass(frozen=True)
class Run:
    """One evaluation.

    Attributes:
        name: the model that was judged.
        when: the time of the evaluation, in UTC.
        blessed: Evaluator's verdict; None: there were no gates.
        found: what decides each threshold; note and name are in the reader's language.
    """

    name: str
    when: dt.datetime
    blessed: bool | None
    found: tuple[Decisive, ...]


class SimulatorDesk:
    """Moves the thresholds of project.yml over the last evaluations.

    Args:
        session: the session of a project whose Evaluator has run; without any evaluation there are no runs.
        last: the number of evaluations.

    Attributes:
        thresholds: the thresholds of the gates of project.yml, in their order.
        runs: the evaluations, the latest first; those whose files are gone are left out.
    """

    def __init__(self, session: Session, last: int = LAST) -> None:
        self._gates = session.project.spec.gates
        self.thresholds: list[Bound] = bounds_of(self._gates)
        self.runs: list[Run] = [
            _run(model, evaluation, blessing, self.thresholds)
            for model, evaluation, blessing in _evaluations(session, last)
        ]

    def gates(self, thresholds: Sequence[float]) -> str:
        """Return the section `gates` of project.yml with other thresholds, one value each in their order."""
        values, lines = iter(thresholds), ["gates:"]
        lines += [f"  - {in_one_line(_with_thresholds(gate, values))}" for gate in self._gates]
        return "\n".join(lines if self._gates else ["gates: []"]) + "\n"


def _evaluations(session: Session, last: int) -> Iterator[tuple[Any, Any, Any]]:
    """Yield the model, evaluation and blessing of each evaluation, cached ones once, the newest first."""
    seen: set[int] = set()
    for inputs, outputs in session.history("Evaluator"):
        [evaluation] = outputs["evaluation"]
        if evaluation.id in seen or not (Path(evaluation.uri) / "eval_config.json").exists():
            continue
        seen.add(evaluation.id)
        blessing = outputs.get("blessing")
        yield inputs["model"][0], evaluation, blessing[0] if blessing else None
        if len(seen) == last:
            return


def _run(model: Any, evaluation: Any, blessing: Any, thresholds: Sequence[Bound]) -> Run:
    stored = StoredEvaluation(Path(evaluation.uri))
    milliseconds = evaluation.mlmd_artifact.create_time_since_epoch
    when = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).replace(microsecond=0)
    decisive = (stored.decisive(bound) for bound in thresholds)
    found = tuple(replace(one, note=parts_in_language(one.note)) for one in decisive)
    return Run(parts_in_language(f"model {model.id}"), when, _verdict(blessing), found)


def _verdict(blessing: Any) -> bool | None:
    if blessing is None or not blessing.has_custom_property(BLESSED):
        return None
    return is_blessed(blessing)


def _with_thresholds(gate: Gate, values: Iterator[float]) -> dict[str, Any]:
    said: dict[str, Any] = {"metric": gate.metric}
    if gate.slice:
        said["slice"] = dict(gate.slice)
    for name in _FIELDS:
        if getattr(gate, name) is not None:
            said[name] = float(next(values))
    return said
