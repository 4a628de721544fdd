"""What a curated schema can be compared with: the data, a file, a git revision, or the schema of the last run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import Artifact

from kit.data.schema import (
    SCHEMA_FILE,
    columns_of,
    file_in_force,
    infer,
    load_schema,
    parse_schema,
    read_schema,
)
from kit.data.schema_desk import EDIT
from kit.data.schema_diff import SchemaChange, differences
from kit.data.schema_proposal import UPDATE
from kit.data.schema_spans import whole
from kit.data.statistics import load_statistics
from kit.data.validation import ACCEPT
from kit.decisions import Decision, made
from kit.errors import ProjectError, StepOrderError, UsageError
from kit.project import Project
from kit.session import Session
from kit.texts import Say
from kit.workspace import Workspace

INFERRED, SAVED, GIT = "inferred", "saved", "git:"


class Version(NamedTuple):
    """A schema, and what people call it."""

    name: str
    schema: schema_pb2.Schema


def curated(workspace: Workspace, project: Project) -> Path:
    """Return the file of the curated schema in force.

    Raises:
        ProjectError: when the project has none; the message says how to make one.
    """
    file = file_in_force(workspace, project)
    if file is None:
        raise ProjectError(
            f"{project.name} must have a curated schema, but its project.yml names none: each run infers one. Make one "
            f"of its data: kit schema update --project {project.folder} --why REASON --yes"
        )
    return file


def versions(
    workspace: Workspace, project: Project, against: str = INFERRED, spans: str = "", *, say: Say
) -> tuple[Version, Version]:
    """Return the curated schema and another, the older first: one from data is newer, any other version older.

    Args:
        workspace: the workspace with a built-in project's schema, and SchemaGen's.
        project: the project whose schema it is.
        against: `inferred` from the data; `saved` by the last SchemaGen in the workspace; `git:REVISION` of the
            project's file; or the path of a file.
        spans: the spans to infer from; empty: what StatisticsGen last saw of the train split, or else the train spans.
        say: is told of each span that is read.

    Raises:
        ProjectError: when there is no curated schema, or one that cannot be read.
        UsageError: when there is no other version of that name.
    """
    mine = Version("curated", read_schema(curated(workspace, project)))
    if against == INFERRED:
        return mine, Version(INFERRED, _inferred(workspace, project, spans, say))
    if spans:
        raise UsageError(
            f"Spans say what to infer a schema from, but --against is {against}. Leave one of them out."
        )
    if against == SAVED:
        return Version(SAVED, load_schema(Session(workspace, project).path("SchemaGen", "schema"))), mine
    if against.startswith(GIT):
        return Version(against, _of_revision(project, against.removeprefix(GIT))), mine
    file = Path(against).expanduser()
    if not file.is_file():
        raise UsageError(
            f"A schema is compared with {INFERRED}, {SAVED}, {GIT}REVISION or a file, but there is no file {against}. "
            "Correct the path."
        )
    return Version(against, read_schema(file)), mine


def schema_changes(session: Session) -> list[SchemaChange]:
    """Return what differs between SchemaGen's latest schema and the one of its run before.

    Nothing differs if it has run only once, or if the earlier schema is gone.

    Raises:
        StepOrderError: when it has not run in this workspace.
    """
    last = session.path("SchemaGen", "schema")
    before = _schema_before(session)
    return differences(load_schema(Path(before.uri)), load_schema(last)) if before else []


def schema_news(session: Session) -> str:
    """Say what `schema_changes` finds, and who decided so and why.

    Raises:
        StepOrderError: when SchemaGen has not run in this workspace.
    """
    changes, before = schema_changes(session), _schema_before(session)
    if before is None:
        return "There is no schema of an earlier run to compare this one with."
    if not changes:
        return "The schema has not changed since the last run."
    decided = [f"  {one.what}: {one}" for one in _decided(session, before.id)]
    nobody = [
        "  Nobody, in this workspace. Look at the commits of the schema, or at what it was inferred from."
    ]
    lines = [f"  {change}" for change in changes]
    return "\n".join(
        ["The schema has changed since the last run:", *lines, "Who decided so:", *(decided or nobody)]
    )


def _schema_before(session: Session) -> Artifact | None:
    """Return what the run before the last of SchemaGen gave, if it is still there."""
    for _, outputs in session.history("SchemaGen")[1:2]:
        [schema] = outputs["schema"]
        if (Path(schema.uri) / SCHEMA_FILE).is_file():
            return schema
    return None


def _decided(session: Session, schema: int) -> list[Decision]:
    """Return the decisions to change a schema that were taken while it was in force."""
    judged = {
        outputs["anomalies"][0].id
        for inputs, outputs in session.history("ExampleValidator")
        if inputs["schema"][0].id == schema
    }
    about = {EDIT: {schema}, UPDATE: {schema}, ACCEPT: judged}
    return [one for one in made(session) if one.artifact in about.get(one.what, ())]


def _inferred(workspace: Workspace, project: Project, spans: str, say: Say) -> schema_pb2.Schema:
    statistics = None
    if not spans and workspace.metadata_path.exists():
        try:
            folder = Session(workspace, project).path("StatisticsGen", "statistics")
            statistics = load_statistics(folder, "train")
        except (StepOrderError, OSError):  # it has not run here, or what it made was removed
            statistics = None
    return infer(statistics or whole(workspace, project, spans, say), columns_of(project))


def _of_revision(project: Project, revision: str) -> schema_pb2.Schema:
    """Read the project's own schema file as it was in a revision of its git repository."""
    name = project.spec.schema_file or SCHEMA_FILE
    command = ["git", "-C", str(project.folder), "show", "--end-of-options", f"{revision}:./{name}"]
    try:
        shown = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError(
            "A revision is read by git, but there is no git here. Install it, or name a file."
        ) from None
    if shown.returncode:
        said = shown.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(
            f"git must have {name} of {project.folder} in revision {revision!r}, but says: "
            f"{said[0] if said else 'nothing'}. Choose another revision, or name a file."
        )
    return parse_schema(shown.stdout, f"{revision}:{name}")
