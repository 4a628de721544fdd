"""An experiment as plain values, for its view and for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kit.project import Project
from kit.serving.experiments.actions import folder_of
from kit.serving.experiments.counts import OTHERS
from kit.serving.experiments.experiment import Experiment, load
from kit.serving.experiments.judge import Look, looks
from kit.workspace import Workspace


def records(workspace: Workspace, project: Project) -> dict[str, Any]:
    """Return the experiment that runs, or the last one, with all looks at it; empty where there was none."""
    folder = folder_of(workspace, project)
    experiment = load(folder)
    if experiment is None:
        return {}
    past = looks(folder / experiment.name)
    return {
        "name": experiment.name,
        "model": experiment.model,
        "state": experiment.state,
        "started": experiment.since.timestamp(),
        "arms": [
            {"name": "control", "version": experiment.control, "share": 1 - experiment.settings.share},
            {"name": "candidate", "version": experiment.candidate, "share": experiment.settings.share},
        ],
        "decided": _decided(experiment),
        "why": experiment.why or (past[-1].why if past else ""),
        "measures": [_measure(past, place) for place in range(len(past[-1].measures))] if past else [],
        "looks": len(past),
        "left_out": dict(zip(OTHERS, past[-1].others, strict=True)) if past else {},
        "failed_groups": list(past[-1].failed_groups) if past else [0, 0],
        "evidence": past[-1].evidence if past else 1.0,
    }


def _decided(experiment: Experiment) -> str:
    if experiment.running:
        return ""
    return f"{experiment.state} by {experiment.who}, {experiment.ended[:16].replace('T', ' ')} UTC"


def _measure(past: Sequence[Look], place: int) -> dict[str, Any]:
    last = past[-1].measures[place]
    return {
        "name": last.name,
        "control": last.control,
        "candidate": last.candidate,
        "counted": list(last.counted),
        "limit": last.limit,
        "higher_is_better": last.higher_is_better,
        "state": "harmful" if last.harmful else "harmless" if last.harmless else "open",
        "enough": last.enough,
        "points": [
            [
                _seconds(one),
                one.measures[place].difference,
                one.measures[place].lower,
                one.measures[place].upper,
            ]
            for one in past
        ],
    }


def _seconds(one: Look) -> float:
    return one.time.timestamp()
