"""`kit drill`: how easily the served model is extracted, and what protects it."""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ProjectOption, WorkspaceOption, exits, opened, print_table
from kit.projects import SAMPLE

if TYPE_CHECKING:
    from kit.drill.outcomes import Outcome

_MOST_QUERIES = 10_000  # with a hundred candidates each a million rows, all in memory
app = typer.Typer()


@app.command()
@exits
def drill(  # noqa: PLR0913, PLR0917  what is attacked, and how
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    queries: Annotated[
        int, typer.Option(min=1, max=_MOST_QUERIES, help="Most requests that the attacker may send.")
    ] = 300,
    server: Annotated[
        str | None,
        typer.Option(help="gRPC host and port of a running server to attack as well.", show_default=False),
    ] = None,
    token: Annotated[
        str,
        typer.Option(
            help="JSON Web Token for the gateway in front of it.", envvar="KIT_TOKEN", show_default=False
        ),
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random draws.")] = 0,
) -> None:
    """Attack your own model with a query budget, behind each protection, and recommend a protection."""
    with quiet():
        from kit.drill.endpoint import ServerEndpoint
        from kit.drill.outcomes import drill_file
        from kit.drill.run import drill as run
        from kit.drill.settings import DrillSettings
        from kit.session import Session

    place, loaded = opened(project, workspace)
    session = Session(place, loaded)
    budgets = tuple(sorted({max(1, queries * part // 30) for part in (1, 3, 10, 30)}))
    endpoint = ServerEndpoint(server, session.project.name, token) if server else None
    try:
        # TensorFlow's remarks while it loads graphs; results go to the other stream
        with quiet():
            found = run(session, DrillSettings(queries=budgets, seed=seed), server=endpoint, say=typer.echo)
    finally:
        if endpoint:
            endpoint.close()
    found.write(drill_file(place.path, session.project.name))
    header = (
        "protection",
        "queries",
        "rank correlation",
        "top",
        "R²",
        f"{found.quality_name} lost",
        "top kept",
        "refused",
        "",
    )
    print_table(header, [_row(one) for one in found.outcomes])
    chosen, plain = found.recommended, found.outcomes[0]
    typer.echo(f"Recommended: {chosen.name if chosen else 'none of them'}. {found.rule}")
    if chosen and chosen.points and plain.points:
        typer.echo(
            f"The surrogate finds {chosen.points[-1].overlap:.0%} of the top {found.best} then, "
            f"{plain.points[-1].overlap:.0%} without protection."
        )


def _row(one: Outcome) -> tuple[str, ...]:
    last = one.points[-1] if one.points else None
    fidelity = (
        (str(last.queries), f"{last.rank_correlation:z.3f}", f"{last.overlap:.0%}", f"{last.r2:z.2f}")
        if last
        else ("0", "-", "-", "-")
    )
    known = one.quality == one.quality
    cost = (
        (f"{one.quality_cost:z.4f}", f"{one.top_kept:.0%}", f"{one.refused:.1%}")
        if known
        else ("-", "-", "-")
    )
    return (one.name, *fidelity, *cost, "recommended" if one.recommended else "")
