"""Propose changes to the curated schema, write them once somebody agrees, and record who and why."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from itertools import dropwhile
from pathlib import Path
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import schema_pb2

from kit import decisions
from kit.data.schema import (
    columns_of,
    curated_file,
    file_in_force,
    infer,
    read_schema,
    save_schema,
)
from kit.data.schema_diff import SchemaChange, count_of_changes, differences
from kit.data.schema_spans import per_span, whole
from kit.data.schema_update import widen
from kit.errors import UsageError
from kit.project import Project
from kit.session import Session
from kit.texts import Say
from kit.translation.messages import in_language
from kit.workspace import Workspace

UPDATE = "update schema"
_QUOTED = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1""")


class Proposal(NamedTuple):
    """What an update would write.

    Attributes:
        file: the file to write.
        before: the schema in force, empty where there is none.
        schema: the schema to write.
        changes: the changes from one to the other, rule by rule; none: there is nothing to write.
        without: features that no row of the data has; their rules stay.
        lost_comments: lines with comments that are not at the head of the file and will be lost.
        spans: the spans that were asked for; empty: the train spans.
        features: the features that were asked for; none: all.
    """

    file: Path
    before: schema_pb2.Schema
    schema: schema_pb2.Schema
    changes: list[SchemaChange]
    without: tuple[str, ...]
    lost_comments: int
    spans: str
    features: tuple[str, ...]


def propose(
    workspace: Workspace, project: Project, spans: str = "", features: Collection[str] = (), *, say: Say
) -> Proposal:
    """Widen the schema in force as far as some spans force it, or infer a first one from them; nothing is written.

    Args:
        workspace: the workspace where a built-in project's schema is saved, and statistics are kept.
        project: the project whose schema it is.
        spans: the spans to read; empty: the train spans.
        features: the features to widen; none: all.
        say: is told of each span that is read.

    Raises:
        UsageError: when the project has no such feature, or no schema to widen it in.
        ProjectError: when the schema or the spans cannot be read.
    """
    if unknown := [name for name in features if name not in project.columns]:
        raise UsageError(
            f"A feature must be a column of project.yml, but {', '.join(unknown)} is not. Choose from "
            f"{', '.join(project.columns)}."
        )
    file = file_in_force(workspace, project)
    if file:
        before, first = read_schema(file), None
    elif features:
        raise UsageError(
            f"A single feature can be widened only in an existing schema, but {project.name} has none yet. Leave "
            "--feature out to make one of all columns."
        )
    else:
        before = schema_pb2.Schema()
        first = infer(whole(workspace, project, spans, say), columns_of(project))
    parts = (statistics for _, statistics in per_span(workspace, project, spans, say))
    # A schema inferred from all spans together must let each of them pass.
    wide = widen(first or before, parts, project, features)
    return Proposal(
        curated_file(workspace, project),
        before,
        wide.schema,
        differences(before, wide.schema),
        wide.without,
        sum(1 for _ in _comments_below_head(file)) if file else 0,
        spans,
        tuple(features),
    )


def write(workspace: Workspace, project: Project, proposal: Proposal, who: str, why: str) -> str:
    """Write a proposal, if it changes anything, and record who did it and why; return where, in a sentence or two.

    The file is in version control, and its commit is the record that counts. Where SchemaGen has run in the workspace,
    the decision is also in the lineage there, for people and for a replay.

    Raises:
        DecisionError: when there is no name or no reason.
        UsageError: when somebody has changed the schema since it was proposed.
        ProjectError: when project.yml cannot be made to name the file; nothing is written then.
    """
    decisions.require_reasons("update a schema", who, why)
    in_force = file_in_force(workspace, project)
    if (read_schema(in_force) if in_force else schema_pb2.Schema()) != proposal.before:
        raise UsageError(
            f"{in_force} must be as it was when the update was proposed, but somebody has changed it since. Look at "
            "it, and run the same command again."
        )
    file = save_schema(workspace, project, proposal.schema)
    done = f"{count_of_changes(len(proposal.changes))} written to {file}."
    if (
        not workspace.metadata_path.exists()
        or not (session := Session(workspace, project)).done()["SchemaGen"]
    ):
        return in_language(
            f"{done} SchemaGen has not run in {workspace.path}: keep who and why in the commit of the file."
        )
    subject = {"spans": proposal.spans, "features": proposal.features}
    decision = decisions.record(
        session,
        session.latest("SchemaGen", "schema"),
        UPDATE,
        subject=json.dumps(subject, ensure_ascii=False, sort_keys=True),
        who=who,
        why=why,
    )
    commit = "" if project.is_built_in else "; commit the file"  # a workspace is not in version control
    return in_language(
        f"{done} Recorded in {workspace.path}: {decision}. The next SchemaGen takes it{commit}."
    )


def _comments_below_head(file: Path) -> Iterator[str]:
    lines = dropwhile(lambda line: line.startswith("#"), file.read_text(encoding="utf-8").splitlines())
    return (line for line in lines if "#" in _QUOTED.sub("", line))
