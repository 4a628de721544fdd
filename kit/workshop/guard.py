"""An exercise's copy of the project: weaker than the original until a participant strengthens it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.rules import FIELDS, EditError, change
from kit.data.schema import SCHEMA_FILE, read_schema, schema_text
from kit.project import Project
from kit.project.read import read_project_file
from kit.workshop.errors import WorkshopError
from kit.workspace import write_atomically

Rules = Mapping[str, Mapping[str, str]]
_OPEN = ("data", "columns", "label", "name", "task")
"""Sections that no answer changes: with other data or columns there is no fault to catch."""


@dataclass(frozen=True)
class Guard:
    """What is between a fault and production: a project with its settings, and a schema.

    The project's data and code are the original's, which are only read; project.yml and the schema are copies.
    """

    project: Project
    schema: schema_pb2.Schema


def make_guard(
    project: Project,
    folder: Path,
    taken: tuple[Mapping[str, Any], Rules],
    given: tuple[Mapping[str, Any], Rules],
) -> Guard:
    """Write the copy into a folder and read it, so that an invalid setting gets the message it always gets.

    Args:
        project: the original.
        folder: the folder of the copy.
        taken: settings and rules with which the exercise weakens it.
        given: those of a participant.

    Raises:
        ProjectError: when a setting is not valid.
        WorkshopError: when a rule is not valid, or an answer may not change a setting.
    """
    for path in given[0]:
        if path.split(".")[0] in _OPEN:
            raise WorkshopError(
                f"An answer may change checks, gates and promises, but not the data; this one sets {path}. "
                "Leave that as it is."
            )
    content = yaml.safe_load((project.folder / "project.yml").read_text(encoding="utf-8-sig"))
    content = with_settings(content, taken[0], more=False)
    content = with_settings(content, given[0], more=True)
    schema = read_schema(project.folder / str(project.spec.schema_file))
    for rules in (taken[1], given[1]):
        schema = with_rules(schema, rules)
    file = folder / "project.yml"
    write_atomically(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    write_atomically(folder / SCHEMA_FILE, schema_text(schema))
    return Guard(Project(project.folder, read_project_file(file)), schema)


def with_settings(content: Mapping[str, Any], settings: Mapping[str, Any], *, more: bool) -> dict[str, Any]:
    """Return the content of a project.yml with values at paths of keys.

    Args:
        content: as YAML gives it.
        settings: a value for each path, such as `checks.leakage`.
        more: whether to append a list to the existing one, if any, instead of replacing it.

    Raises:
        WorkshopError: when there is something other than a mapping on the way.
    """
    changed = copy.deepcopy(dict(content))
    for path, value in settings.items():
        *way, last = path.split(".")
        place: Any = changed
        for key in way:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise WorkshopError(
                    f"A setting is a path through the sections of project.yml, but {key} in {path} is not a section. "
                    "Set the whole section."
                )
        is_more = more and isinstance(value, list) and isinstance(place.get(last), list)
        place[last] = [*place[last], *value] if is_more else copy.deepcopy(value)
    return changed


def with_rules(schema: schema_pb2.Schema, rules: Rules) -> schema_pb2.Schema:
    """Return a copy of a schema with other rules.

    Raises:
        WorkshopError: when there is no such feature or field, or the text is not valid there.
    """
    edited = schema_pb2.Schema.FromString(schema.SerializeToString())
    features = {feature.name: feature for feature in edited.feature}
    for name, fields in rules.items():
        for key, text in fields.items():
            for found, known in ((name, list(features)), (key, list(FIELDS))):
                if found not in known:
                    raise WorkshopError(
                        f"A rule names a feature of the schema and one of its fields, but found {found!r}. "
                        f"Choose one of {', '.join(known)}."
                    )
            try:
                change(edited, features[name], key, str(text))
            except EditError as error:
                raise WorkshopError(
                    f"A rule must be valid, but {key} of {name} is not: {error}. Correct it."
                ) from None
    return edited
