"""Read project.yml: strict YAML, with errors that name the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from kit.errors import ProjectError
from kit.project.file import ProjectFile


def read_project_file(path: Path) -> ProjectFile:
    """Read and check a project.yml.

    Raises:
        ProjectError: when the file is not YAML or not a valid project; the message names the file, the lines and
            fields, what was found and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = yaml.load(text, Loader=StrictLoader)  # noqa: S506  a SafeLoader that refuses duplicate keys
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ProjectError(
            f"{path} must be a YAML file, but it cannot be read: {error}. Correct it there."
        ) from error
    if not isinstance(content, dict):
        found = "nothing" if content is None else f"a {type(content).__name__}"
        raise ProjectError(
            f"{path} must be a YAML mapping with name, task, label, data and columns, but holds {found}. Write them, "
            "or a new project with `kit new`."
        )
    try:
        return ProjectFile.model_validate(content)
    except ValidationError as error:
        raise ProjectError(_explain(path, node, error)) from None


class StrictLoader(yaml.SafeLoader):
    """YAML lets a later duplicate win silently; a column or gate written twice is a mistake.

    What PyYAML's constructors raise for a value that is none, such as the date 2020-13-01, gets its line.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, TypeError) as error:
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _explain(path: Path, node: Any, error: ValidationError) -> str:
    lines = [f"{path} is not a valid project:"]
    for problem in error.errors():
        place = [part for part in problem["loc"] if part != "function-after"]
        field = ".".join(str(part) for part in place) or "the file"
        found = "" if problem["type"] in {"missing", "value_error"} else f", found {problem['input']!r}"
        allowed = problem["msg"].removeprefix("Value error, ")
        known = _known_fields(place) if problem["type"] == "extra_forbidden" else ""
        lines.append(f"  line {line_of(node, place)}, {field}: {allowed}{found}{known}")
    lines.append("Correct these in the file.")
    return "\n".join(lines)


def _known_fields(place: list[Any]) -> str:
    """Return what is allowed where a field is that nobody knows, by the models on the way to it."""
    model: type[BaseModel] = ProjectFile
    on_the_way = iter(place[:-1])
    for name in on_the_way:
        if name not in model.model_fields:
            continue
        annotation = model.model_fields[name].annotation
        model = _section_in(annotation) or model
        if get_origin(annotation) in {dict, tuple}:
            next(on_the_way, None)  # the key or the place of one of several
    return f" (known fields: {', '.join(model.model_fields)})"


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _section_in(inner))), None)


def line_of(node: Any, place: list[Any]) -> int:
    """Return the line of the deepest part of `place` that exists in the file."""
    line = 1
    for part in place:
        children = []
        if isinstance(node, yaml.MappingNode):
            children = [(key, value) for key, value in node.value if key.value == str(part)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            children = [(node.value[part], node.value[part])]
        if not children:
            break
        key, node = children[0]
        line = key.start_mark.line + 1
    return line
