"""`kit canary`: a newer version on a part of the users, until a test or a person decides."""
# ruff: noqa: PLC0415

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ModelOption, WorkspaceOption, exits, opened, print_table
from kit.projects import SAMPLE
from kit.texts import percent

if TYPE_CHECKING:
    from kit.canary.shown import Compared, Shown
    from kit.project import Project
    from kit.serving.experiments.config import ExperimentSettings
    from kit.serving.experiments.experiment import State
    from kit.session import Session
    from kit.workspace import Workspace

app = typer.Typer()
_canary = typer.Typer(help="Try a newer version on some of the users.", no_args_is_help=True)
app.add_typer(_canary, name="canary")

_COLUMNS = ("metric", "control", "candidate", "difference", "at all looks within", "limit", "")


@_canary.command()
@exits
def start(
    project: ModelOption = SAMPLE,
    workspace: WorkspaceOption = None,
    candidate: Annotated[
        int | None, typer.Option(help="The version to try.", show_default="the newest")
    ] = None,
    control: Annotated[
        int | None,
        typer.Option(
            help="The version to compare with.", show_default="the one labelled stable, or the one before"
        ),
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(help="Share of the users who get it, 0 to 1.", show_default="as in project.yml"),
    ] = None,
) -> None:
    """Send a share of the users to a newer version; a running `kit serve` follows within a second."""
    from kit.canary import actions
    from kit.canary.units import fitted

    place, found = opened(project, workspace)
    settings = fitted(found, _with_share(found.spec.experiment, share))
    one = actions.start(place, found, candidate=candidate, control=control, settings=settings)
    judged = "clicks, failed and slow requests" if one.settings.clicks else "failed and slow requests"
    typer.echo(
        f"Experiment {one.name}: version {one.candidate} for {percent(one.settings.share)}, by {one.settings.unit}; "
        f"{one.control} for the others. `kit canary watch` decides on {judged}."
    )


@_canary.command()
@exits
def hold(project: ModelOption = SAMPLE, workspace: WorkspaceOption = None) -> None:
    """Keep newly pushed versions from being served until an experiment has promoted them."""
    from kit.canary import actions

    version = actions.hold(*opened(project, workspace))
    typer.echo(
        f"Version {version} stays in service, whatever is pushed. Try a pushed version with `kit canary start`."
    )


@_canary.command()
@exits
def status(project: ModelOption = SAMPLE, workspace: WorkspaceOption = None) -> None:
    """Show the running experiment as of its last look, or how the last one ended; this decides nothing."""
    _show(*opened(project, workspace, looks=True))


@_canary.command()
@exits
def watch(
    project: ModelOption = SAMPLE,
    workspace: WorkspaceOption = None,
    every: Annotated[float, typer.Option(help="Seconds between looks.", min=1)] = 60,
    once: Annotated[
        bool, typer.Option("--once", help="Look and act only once, for use in a scheduler.")
    ] = False,
) -> None:
    """Watch the experiment, and promote the candidate or roll it back as soon as the test is conclusive."""
    from kit.canary.actions import last_of

    place, found = opened(project, workspace)
    last_of(place, found)

    def wait() -> bool:
        if not once:
            time.sleep(every)
        return once

    with quiet():
        session = _session(place, found)  # first: it tells TensorFlow's libraries to be quiet
        from kit.canary import watch as watching
    watching.watch(session, wait, typer.echo)
    _show(place, found)


@_canary.command()
@exits
def stop(  # noqa: PLR0913, PLR0917  a decision has that many sides
    project: ModelOption = SAMPLE,
    workspace: WorkspaceOption = None,
    promote: Annotated[bool, typer.Option("--promote", help="Let the candidate serve all users.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Withdraw the candidate as worse.")] = False,
    why: Annotated[str, typer.Option(help="The reason, which is recorded.")] = "not given",
    who: Annotated[str, typer.Option(help="Your name.", show_default="the account's name")] = "",
) -> None:
    """End the experiment, whatever the test says; without a verdict, unless you give one.

    A candidate that is not promoted is moved aside; `kit rollback --to` brings it back.
    """
    from kit.canary.actions import end
    from kit.errors import UsageError
    from kit.reasons import user_name

    if promote and rollback:
        raise UsageError(
            "At most one verdict may be given, but both --promote and --rollback were. Choose one."
        )
    state: State = "promoted" if promote else "rolled back" if rollback else "stopped"
    place, found = opened(project, workspace)
    one = end(place, found, state, who=who or user_name(), why=why)
    typer.echo(f"Version {one.candidate}: {one.state}. All users get version {one.left} from now on.")
    if place.metadata_path.exists():  # first, for the users; ML Metadata's libraries take seconds
        with quiet():
            from kit.canary.recorded import is_recorded, record

            session = _session(place, found)
        record(session)
        known = is_recorded(session, one)
        typer.echo("Recorded in ML Metadata." if known else "ML Metadata does not know this version.")


def _show(place: Workspace, project: Project) -> None:
    from kit.canary.actions import folder_of
    from kit.canary.shown import shown
    from kit.serving.experiments.experiment import load

    folder = folder_of(place, project)
    experiment = load(folder)
    if experiment is None:
        typer.echo(f"No experiment of {project.name} has been started yet. Start one: kit canary start")
        return
    _print(shown(folder, experiment))


def _print(one: Shown) -> None:
    control, candidate = one.arms
    ended = f" by {one.who}" if one.who else ""
    typer.echo(
        f"Experiment {one.name}, {one.state}{ended}: version {candidate.version} for {percent(candidate.share)}, by "
        f"{one.unit}; {control.version} for the others. Looked at {one.looks} time{'' if one.looks == 1 else 's'}."
    )
    arms = [
        (arm.name, str(arm.version), f"{arm.requests:,}", f"{arm.failed:,}", f"{arm.slow:,}")
        for arm in one.arms
    ]
    print_table(("", "version", "requests", "failed", "slow"), arms)
    if one.metrics:
        print_table(_COLUMNS, [_row(metric) for metric in one.metrics])
    if left_out := [f"{count:,} {why}" for why, count in one.left_out.items() if count]:
        typer.echo(f"Requests not counted as evidence: {', '.join(left_out)}.")
    typer.echo(f"{one.why[:1].upper()}{one.why[1:]}.")


def _row(metric: Compared) -> tuple[str, ...]:
    last = metric.points[-1]
    return (
        metric.name,
        f"{metric.control:.4f} of {metric.counted[0]:,}",
        f"{metric.candidate:.4f} of {metric.counted[1]:,}",
        f"{last.difference:+.4f}",
        f"{last.lower:+.4f} to {last.upper:+.4f}",
        f"{metric.limit:+.4f}",
        "too few users" if metric.state == "few" else metric.state,
    )


def _session(place: Workspace, project: Project) -> Session:
    from kit.session import Session

    return Session(place, project)


def _with_share(settings: ExperimentSettings, share: float | None) -> ExperimentSettings:
    from kit.errors import UsageError

    if share is None:
        return settings
    if not 0 < share < 1:
        raise UsageError(f"--share must be above 0 and below 1, but is {share}. Correct it.")
    return settings.model_copy(update={"share": share})
