"""Read project.yml: strict YAML, with errors that name the line."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from kit.errors import ProjectError
from kit.project.file import ProjectFile
from kit.project_section import said_of
from kit.strict_yaml import YamlFile, read_yaml


def read_project_file(path: Path) -> ProjectFile:
    """Read and check a project.yml.

    Raises:
        ProjectError: when the file is not YAML or not a valid project; the message names the file, the lines and
            fields, what was found and what is allowed.
    """
    file = read_yaml(path, ProjectError)
    if not isinstance(file.content, dict):
        found = "nothing" if file.content is None else f"a {type(file.content).__name__}"
        raise ProjectError(
            f"{path} must be a YAML mapping with name, task, label, data and columns, but holds {found}. Write them, "
            "or a new project with `kit new`."
        )
    try:
        return ProjectFile.model_validate(file.content)
    except ValidationError as error:
        raise ProjectError(_explain(path, file, error)) from None


def read_project_text(text: str) -> ProjectFile:
    """Check the text of a project.yml before it is written anywhere.

    Raises:
        ProjectError: as `read_project_file`.
    """
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "project.yml"
        trial.write_text(text, encoding="utf-8")
        return read_project_file(trial)


def _explain(path: Path, file: YamlFile, error: ValidationError) -> str:
    lines = [f"{path} is not a valid project:"]
    for problem in error.errors():
        place = [part for part in problem["loc"] if part != "function-after"]
        field = ".".join(str(part) for part in place) or "the file"
        found = "" if problem["type"] in {"missing", "value_error"} else f", found {problem['input']!r}"
        allowed = said_of(problem)
        known = _known_fields(place) if problem["type"] == "extra_forbidden" else ""
        lines.append(f"  line {file.line_of(place)}, {field}: {allowed}{found}{known}")
    lines.append("Correct these in the file.")
    return "\n".join(lines)


def _known_fields(place: list[Any]) -> str:
    """Return what is allowed in the place of an unknown field, by the models on the way to it."""
    model: type[BaseModel] = ProjectFile
    on_the_way = iter(place[:-1])
    for name in on_the_way:
        if name not in model.model_fields:
            continue
        annotation = model.model_fields[name].annotation
        model = _section_in(annotation) or model
        if get_origin(annotation) in {dict, tuple}:
            next(on_the_way, None)  # a key or an index
    return f" (known fields: {', '.join(model.model_fields)})"


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _section_in(inner))), None)
