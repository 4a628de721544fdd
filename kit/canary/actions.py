"""Start and end an experiment: write the file that servers follow, move the labels, withdraw a version.

Nothing here imports TFX, so that a candidate is taken back in a second. A decision is on the disk first, and its
consequences can be repeated: what a killed command left undone, the next one finishes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.canary import labels
from kit.canary.units import fitted
from kit.project import Project
from kit.reasons import require_reasons
from kit.release import history
from kit.release.versions import numbers, served_version, withdraw
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.experiments.experiment import (
    Experiment,
    ExperimentError,
    State,
    is_settled,
    load,
    now,
    root,
    save,
    save_settled,
)
from kit.workspace import Workspace
from kit.workspace_folders import experiment_lock


def folder_of(workspace: Workspace, project: Project) -> Path:
    """Return the folder of a project's experiments."""
    return root(workspace) / project.name


@contextmanager
def alone(workspace: Workspace, project: Project) -> Iterator[None]:
    """Let one process at a time start, end or record an experiment of a project: of two ends, each would do half."""
    with workspace.lock(experiment_lock(project.name), "starting or ending an experiment"):
        yield


def start(
    workspace: Workspace,
    project: Project,
    *,
    candidate: int | None = None,
    control: int | None = None,
    settings: ExperimentSettings | None = None,
) -> Experiment:
    """Send a share of the users to a newer version from now on.

    Args:
        workspace: the workspace with the pushed versions.
        project: the model's project.
        candidate: the version to try; None: the newest.
        control: the version that serves; None: that of the label `stable`, or else the one before the candidate.
        settings: the settings; None: those of project.yml, fitted to its columns (see `units.fitted`).

    Raises:
        ExperimentError: when an experiment runs already, or the versions are not there.
        ProjectError: when project.yml asks for users or clicks that the project does not have.
    """
    settings = settings or fitted(project, project.spec.experiment)
    with alone(workspace, project):
        before = load(folder_of(workspace, project))
        if before is not None:
            _settle(workspace, project, before)
        if before is not None and before.running:
            raise ExperimentError(
                f"One experiment of a model runs at a time, but {before.name} runs since {before.started[:16]} UTC. "
                "End it: `kit canary stop`, with --promote or --rollback if you know better than the test."
            )
        return _begun(workspace, project, candidate, control, settings)


def _begun(
    workspace: Workspace,
    project: Project,
    candidate: int | None,
    control: int | None,
    settings: ExperimentSettings,
) -> Experiment:
    folder, base = folder_of(workspace, project), workspace.serving(project.name)
    control, candidate = _pair(base, candidate, control)
    experiment = Experiment(
        name=_name(folder, control, candidate),
        model=project.name,
        control=control,
        candidate=candidate,
        started=now(),
        settings=settings,
        policy=labels.policy_of(workspace, project.name),
    )
    save(folder, experiment)
    _settle(workspace, project, experiment)
    history.note(base, "experiment", candidate=candidate, serves=control)
    return experiment


def hold(workspace: Workspace, project: Project) -> int:
    """Serve no push from now on until an experiment has promoted it; return the version that is served.

    Raises:
        ExperimentError: when nothing was pushed, or an experiment runs, which holds pushes anyway.
    """
    last, served = load(folder_of(workspace, project)), served_version(workspace.serving(project.name))
    if served is None or (last is not None and last.running):
        found = "an experiment runs, whose two versions are served alone" if served else "nothing was pushed"
        raise ExperimentError(
            f"To hold pushes, one version must be served, but {found}. "
            f"{'Wait for its end' if served else 'Run 05_release'}, and run the command again."
        )
    labels.hold(workspace, project.name, served)
    history.note(workspace.serving(project.name), "hold", serves=served)
    return served


def _pair(base: Path, candidate: int | None, control: int | None) -> tuple[int, int]:
    there = numbers(base)
    candidate = candidate if candidate is not None else max(there, default=None)
    older = [number for number in there if candidate is not None and number < candidate]
    if control is None:
        stable = labels.stable_version(base) if there else None
        if candidate is not None and stable == candidate and not _only_pushed(base, candidate):
            raise ExperimentError(
                f"An experiment needs a version to try, but {candidate} of {base} is served already, under the label "
                "stable. Push a newer one: 05_release; or name the version to compare it with: --control."
            )
        control = stable if stable in older else max(older, default=None)
    if candidate not in there or control not in older:
        raise ExperimentError(
            f"An experiment needs a version that serves and a newer one to try, but {base} has "
            f"{', '.join(map(str, there)) or 'none'}, and asked for were {control or 'the one before'} and "
            f"{candidate or 'the newest'}. Push a model to try: 05_release."
        )
    return control, candidate


def _only_pushed(base: Path, version: int) -> bool:
    """Return whether a version got the label `stable` by its push alone: then nobody has tried it yet."""
    about = [
        entry["what"]
        for entry in history.read(base)
        if version in {entry.get("version"), entry.get("to"), entry["what"] == "hold" and entry.get("serves")}
    ]
    return about[-1:] == ["push"]


def _name(folder: Path, control: int, candidate: int) -> str:
    """Return a name that no experiment had yet: it salts the split, and its folder holds the counts."""
    name, number = f"{control}-{candidate}", 1
    while (folder / name).exists():
        number += 1
        name = f"{control}-{candidate}-{number}"
    (folder / name).mkdir(parents=True)
    return name


def running(workspace: Workspace, project: Project) -> Experiment:
    """Return the running experiment.

    Raises:
        ExperimentError: when none runs.
    """
    experiment = load(folder_of(workspace, project))
    if experiment is None or not experiment.running:
        last = f"; the last one, {experiment.name}, was {experiment.state}" if experiment else ""
        raise ExperimentError(
            f"An experiment of {project.name} must run, but none does{last}. Start one: `kit canary start`."
        )
    return experiment


def check_none_runs(workspace: Workspace, model: str) -> None:
    """Refuse what would move versions that an experiment compares.

    Raises:
        ExperimentError: when one runs.
    """
    last = load(root(workspace) / model)
    if last is not None and last.running:
        raise ExperimentError(
            f"To roll back, no experiment of {model} may run, but {last.name} compares {last.candidate} with "
            f"{last.control}. Take {last.candidate} back with `kit canary stop --rollback`, and then roll back "
            f"if {last.control} must go, too."
        )


def last_of(workspace: Workspace, project: Project) -> Experiment:
    """Return the running experiment, or the last one.

    Raises:
        ExperimentError: when there was none.
    """
    found = load(folder_of(workspace, project))
    return found if found is not None else running(workspace, project)


def end(workspace: Workspace, project: Project, state: State, *, who: str, why: str) -> Experiment:
    """End the experiment: promote the candidate, take it back, or stop without a verdict.

    A promoted candidate serves all users and gets the label `stable`. Otherwise nobody gets it any more within a
    second, and its folder is moved aside, since it would be the latest version; `kit rollback --to` can bring it back.
    After a stop the folder stays if pushes are held (see `labels.hold`), since nothing was found against it.

    Args:
        workspace: the project's workspace.
        project: the experiment's project.
        state: `promoted`, `rolled back` or `stopped`.
        who: the name of the person or the test, recorded.
        why: their reason, recorded.

    Raises:
        ExperimentError: when none runs.
        DecisionError: when the name or the reason is missing.
    """
    require_reasons("end an experiment", who, why)
    with alone(workspace, project):
        last = load(folder_of(workspace, project))
        if last is not None and not last.running:
            _settle(workspace, project, last)  # if the end that is asked for again was killed
        experiment = running(workspace, project).end(state, " ".join(who.split()), " ".join(why.split()))
        save(folder_of(workspace, project), experiment)
        _settle(workspace, project, experiment)
    return experiment


def settle(workspace: Workspace, project: Project, experiment: Experiment) -> None:
    """Bring versions and labels in line with an experiment's state; safe to repeat."""
    with alone(workspace, project):
        _settle(workspace, project, experiment)


def _settle(workspace: Workspace, project: Project, experiment: Experiment) -> None:
    pair, folder = (experiment.control, experiment.candidate), folder_of(workspace, project)
    base, model = workspace.serving(project.name), project.name
    if experiment.running:
        labels.begin(workspace, model, *pair)
        return
    if is_settled(folder, experiment):
        return  # whatever was done to its versions and labels since, somebody wanted it
    reasons = {"who": experiment.who, "why": f"experiment {experiment.name}: {experiment.why}"}
    if experiment.state == "promoted":
        history.note(base, "promotion", version=experiment.candidate, over=experiment.control, **reasons)
    elif experiment.state == "rolled back" or not labels.is_held(experiment.policy):
        # First the folder: under the previous policy, the newest version would be served alone.
        withdraw(base, experiment.candidate, experiment.control, **reasons)
    labels.end(workspace, model, pair, experiment.left, experiment.policy)
    history.note(
        base,
        "experiment",
        candidate=experiment.candidate,
        ended=experiment.state,
        serves=served_version(base),
    )
    save_settled(folder, experiment)
