"""`kit export`: the chain for other orchestrators."""
# ruff: noqa: PLC0415

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kit.cli.run_options import PairCommand, ParameterOption, pairs_of
from kit.cli.shared import ProjectOption, WorkspaceOption, chosen_workspace, exits
from kit.projects import SAMPLE

app = typer.Typer()
export = typer.Typer(help="Write the chain for another orchestrator.", no_args_is_help=True)
app.add_typer(export, name="export")


@export.command(cls=PairCommand)
@exits
def local(
    output: Annotated[Path, typer.Argument(help="Python file to write.")],
    project: ProjectOption = SAMPLE,
    parameter: ParameterOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the chain as a TFX pipeline for LocalDagRunner: a Python file that you can read and run."""
    from kit.batch.plan import choose_notebooks, plan_chain
    from kit.export.local_file import NOTEBOOKS, pipeline_text
    from kit.project import Project
    from kit.workspace import write_atomically

    place = chosen_workspace(workspace)
    given = {"project_name": project, **pairs_of(parameter)}
    named = given["project_name"]
    found = Project.load(named, place)
    plan = plan_chain(choose_notebooks(NOTEBOOKS), given)
    write_atomically(output, pipeline_text(plan, str(found.folder) if "/" in named else named, place))
    command = f"python {shlex.quote(str(output))}"
    typer.echo(f"{output}: the steps of {found.name}, with gates between them. Run it with `{command}`;")
    typer.echo(f"its results and its lineage will be in {place}, beside those of the notebooks.")


@export.command(cls=PairCommand)
@exits
def kubeflow(  # noqa: PLR0913, PLR0917  one for each option
    output: Annotated[Path, typer.Argument(help="YAML file to write.")],
    image: Annotated[
        str, typer.Option(help="Image, built from the batch.Dockerfile that `kit deploy docker` writes.")
    ],
    notebooks: Annotated[
        list[str] | None,
        typer.Argument(help="Names; default: all numbered notebooks.", show_default=False),
    ] = None,
    project: ProjectOption = SAMPLE,
    parameter: ParameterOption = None,
    cpu: Annotated[str, typer.Option(help="CPU cores per container.")] = "2",
    memory: Annotated[str, typer.Option(help="Memory per container, in Kubernetes notation.")] = "6Gi",
    workspace: WorkspaceOption = None,
) -> None:
    """Compile a pipeline for Kubeflow Pipelines v2, one container per notebook; checked by its SDK, but never run."""
    from kit.batch.plan import choose_notebooks, plan_chain, secret_variables
    from kit.deploy.notebook_secrets import how_to_make
    from kit.export.kubeflow import Place, kubeflow_pipeline
    from kit.project import Project
    from kit.workspace import write_atomically

    given = pairs_of(parameter)
    named = given.get("project_name", project)
    folder = chosen_workspace(workspace)
    spec = Project.load(named, folder).spec
    settings = spec.deploy
    # A notebook that is not about a project has no parameter for its name.
    plan = plan_chain(choose_notebooks(notebooks or []), given, {"project_name": named})
    where = Place(image, folder, settings.claim, settings.secrets, spec.alerts.variables, cpu, memory)
    write_atomically(output, kubeflow_pipeline(f"kit-{spec.name}", plan, where))
    typer.echo(f"{output}: one container per notebook ({len(plan)}), on the claim {settings.claim}.")
    if to_make := how_to_make(secret_variables(plan, spec.alerts.variables), settings):
        typer.echo(to_make)
    typer.echo("It was compiled and read back with the Kubeflow Pipelines SDK, but not run on a cluster.")
