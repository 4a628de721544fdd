"""Run a chain of notebooks: independent ones side by side, each in its own kernel, with a record and a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kit.batch.chain import USUAL, Chain, RunOptions
from kit.batch.decide import Decider, Prospect
from kit.batch.ending import explain
from kit.batch.order import Part, choose_part, waits
from kit.batch.plan import named_project, place_of, plan_chain, require_secrets
from kit.batch.record import (
    NotebookRecord,
    RunRecord,
    list_runs,
    make_run_folder,
    mark_killed_runs,
    new_record,
)
from kit.batch.unchanged import Surroundings
from kit.project import Project
from kit.signals import signals_as_interrupts
from kit.texts import Say
from kit.workspace import Workspace

__all__ = ["RunOptions", "explain", "preview", "run_chain"]


def run_chain(
    notebooks: Sequence[Path],
    given: Mapping[str, object],
    workspace: Path,
    options: RunOptions = USUAL,
    say: Say = print,
) -> RunRecord:
    """Run notebooks, each once those that it needs have ended well; a failure stops only those that need it.

    Args:
        notebooks: as `choose_notebooks` returns them.
        given: parameters that somebody set, shared by all notebooks that declare them.
        workspace: given to every notebook that declares `workspace`; holds the records of the run.
        options: limits, waiting, kernel, which of the notebooks.
        say: is told every line of progress, from several threads but one at a time.

    Returns:
        The record of the run, as its run.json has it; its exit code tells how it ended.

    Raises:
        UsageError: when a parameter, notebook, project or workspace cannot be used; nothing has run.
        KeyboardInterrupt: when interrupted before the first notebook.
    """
    from kit.batch.coordinator import RunCoordinator  # noqa: PLC0415  Jupyter's client; a wrong parameter needs none of it

    chain = _chain(notebooks, given, workspace, options.part)
    place = Workspace(workspace)
    with (
        signals_as_interrupts(),
        place.lock("run", f"kit run, {chain.name}", wait=options.wait, say=say),
    ):
        mark_killed_runs(place.runs)
        decider = _decider(chain, place, options)
        folder = make_run_folder(place.runs, chain.name)
        rows = [
            NotebookRecord(
                name=one.name,
                path=str(one.path),
                place=place_of(one.path, place.path),
                parameters=one.parameters,
            )
            for one in chain.plan
        ]
        number = 1 + max((one.number for one in decider.records), default=0)
        record = new_record(folder.name, chain.name, place.path, rows, number=number)
        return RunCoordinator(chain, record, folder, options, decider, say).execute()


def preview(
    notebooks: Sequence[Path],
    given: Mapping[str, object],
    workspace: Path,
    options: RunOptions = USUAL,
) -> list[Prospect]:
    """Return what `run_chain` would do with the same arguments; nothing runs.

    Raises:
        UsageError: when a parameter, notebook, project or workspace cannot be used.
    """
    chain = _chain(notebooks, given, workspace, options.part)
    return _decider(chain, Workspace.to_look_at(workspace), options).prospects(chain.plan)


def _chain(notebooks: Sequence[Path], given: Mapping[str, object], workspace: Path, part: Part) -> Chain:
    plan = {one.name: one for one in plan_chain(notebooks, given, {"workspace": str(workspace)})}
    graph = waits(list(plan.values()))
    chosen = choose_part(graph, part)
    ordered = [plan[name] for name in graph if name in chosen]
    require_secrets(spec for notebook in ordered for spec in notebook.specs.values())
    named = named_project(ordered)
    project = None if named is None else Project.load(str(named), workspace)
    return Chain(ordered, graph, project)


def _decider(chain: Chain, place: Workspace, options: RunOptions) -> Decider:
    records = list_runs(place.runs)
    around = Surroundings(place.path, chain.project)
    return Decider(records, named_project(chain.plan), chain.graph, around, skip=options.skip)
