"""A project: the folder that says what is modelled. Notebooks take one as a parameter and are specific to none.

project.yml     data, columns, label, slices, gates, signatures (see `kit.project_file`)
features.py     preprocessing_fn, for Transform
model.py        build_model and signatures, for Trainer
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

import kit.projects
from kit.errors import ProjectError
from kit.project_file import NAME_PATTERN, Column, ProjectFile, SpanRange
from kit.workspace import resolve_folder

BUILT_IN = Path(kit.projects.__file__).parent
_PARTS = ("project.yml", "features.py", "model.py")


@dataclass(frozen=True)
class InputFile:
    """One data file and the split and span that its rows belong to (no span: a project without {SPAN})."""

    path: Path
    split: str
    span: int | None


class Project:
    """A checked project; `spec` holds the content of its project.yml."""

    def __init__(self, folder: Path, spec: ProjectFile) -> None:
        self.folder, self.spec = folder, spec

    def __repr__(self) -> str:
        return f"Project({self.name!r}, {self.spec.task}, label {self.spec.label!r}, {self.folder})"

    @classmethod
    def load(cls, name: str | os.PathLike[str], workspace: str | os.PathLike[str] = "workspace") -> Project:
        """Find a project by its name (built in, or in the workspace) or by its folder, and check it.

        Raises:
            ProjectError: when there is none, a part is missing, or project.yml is not valid; the message names the
                file, the line, what was found and what is allowed.
        """
        folder = _find_folder(os.fspath(name), resolve_folder(workspace))
        for part in _PARTS:
            if not (folder / part).is_file():
                raise ProjectError(
                    f"A project folder must hold {', '.join(_PARTS)}, but {folder} has no {part}. "
                    "Add it, or write a new project with `kit new`."
                )
        spec = _read_spec(folder / "project.yml")
        if spec.name != folder.name:
            raise ProjectError(
                f"{folder / 'project.yml'}: name must be the folder's name {folder.name!r}, but is {spec.name!r}. "
                "Rename one of them."
            )
        project = cls(folder, spec)
        project.make_importable()
        return project

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def label(self) -> str:
        return self.spec.label

    @property
    def label_key(self) -> str:
        """Name of the label among the transformed features."""
        return f"{self.spec.label}_xf"

    @property
    def columns(self) -> dict[str, Column]:
        """The columns that are read, in the order of project.yml."""
        return {name: column for name, column in self.spec.columns.items() if column.is_read}

    @property
    def features(self) -> dict[str, Column]:
        """The columns that a model may use: neither label nor key."""
        return {n: c for n, c in self.columns.items() if c.kind not in {"key", "label"} and n != self.label}

    def dotted(self, part: str, function: str) -> str:
        """Return the importable path of a function of this project, as TFX components take it."""
        return f"kit.projects.{self.name}.{part}.{function}"

    def code_digest(self, *rooms: str) -> str:
        """Digest of the code that a step runs: the project's own and that of some rooms of the kit.

        TFX's cache looks at artifacts and properties only; with this among the properties, changed code is a miss.
        """
        digest = hashlib.sha256()
        sources = [path for room in rooms for path in (BUILT_IN.parent / room).glob("*.py")]
        for path in sorted([*sources, *self.folder.glob("*.py")]):
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()[:16]

    def make_importable(self) -> None:
        """Let `kit.projects.<name>` be found where the project lies outside the package."""
        parent = str(self.folder.parent)
        if parent not in kit.projects.__path__:
            kit.projects.__path__.append(parent)

    def input_files(self, train_spans: str = "", eval_spans: str = "") -> list[InputFile]:
        """List the data files of the chosen spans (empty: those of project.yml).

        Raises:
            ProjectError: when a span range is not valid, overlaps, or has no file.
        """
        data = self.spec.data
        if not data.has_spans:
            if train_spans or eval_spans:
                raise ProjectError(
                    f"Spans need {{SPAN}} in data.files, but {self.name} has {data.files!r}. "
                    "Leave train_spans and eval_spans empty."
                )
            return [InputFile(path, "all", None) for path in self._matches(data.files)]
        train = _parse_spans(train_spans) or data.train_spans
        held_out = _parse_spans(eval_spans) or data.eval_spans
        if train is None or held_out is None:  # project.yml is checked for both
            raise ProjectError(f"{self.folder / 'project.yml'}: data needs train_spans and eval_spans.")
        if shared := sorted(set(train.numbers()) & set(held_out.numbers())):
            raise ProjectError(
                f"A span is trained or evaluated on, not both, but {shared} is in train_spans {train} and "
                f"eval_spans {held_out}. Choose ranges apart from each other."
            )
        chosen = [("train", span) for span in train.numbers()] + [
            ("eval", span) for span in held_out.numbers()
        ]
        return [
            InputFile(path, split, span)
            for split, span in chosen
            for path in self._matches(data.files.replace("{SPAN}", str(span)))
        ]

    def _matches(self, pattern: str) -> list[Path]:
        base, relative = self._base(pattern)
        found = sorted(path for path in base.glob(relative) if path.is_file())
        if not found:
            raise ProjectError(
                f"Data files are expected at {base / relative} (data.files of {self.folder / 'project.yml'}), but none "
                "is there. Correct the pattern or choose other spans."
            )
        return found

    def _base(self, pattern: str) -> tuple[Path, str]:
        if match := re.fullmatch(r"package:([\w.]+)/(.+)", pattern):
            spec = importlib.util.find_spec(match[1])
            if spec is None or not spec.submodule_search_locations:
                raise ProjectError(
                    f"{self.folder / 'project.yml'}: data.files names package {match[1]}, not installed."
                )
            return Path(next(iter(spec.submodule_search_locations))), match[2]
        path = (self.folder / pattern) if not Path(pattern).is_absolute() else Path(pattern)
        fixed = Path(os.path.normpath(path))
        return Path(fixed.anchor), str(fixed.relative_to(fixed.anchor))


def _parse_spans(text: str) -> SpanRange | None:
    try:
        return SpanRange.parse(text) if str(text).strip() else None
    except ValueError as error:
        raise ProjectError(f"{str(error)[0].upper()}{str(error)[1:]}. Write for example 1-6.") from None


def _find_folder(name: str, workspace: Path) -> Path:
    folders = {path.parent.name: path.parent for path in BUILT_IN.glob("*/project.yml")}
    folders |= {path.parent.name: path.parent for path in (workspace / "projects").glob("*/project.yml")}
    if name in folders:
        return folders[name]
    path = Path(name).expanduser()
    if path.is_dir() and ("/" in name or (path / "project.yml").is_file()):
        if not re.fullmatch(NAME_PATTERN, path.resolve().name):
            raise ProjectError(
                f"A project's folder needs a name of small letters, digits and _, but {path.name!r} is not. Rename it."
            )
        return path.resolve()
    near = difflib.get_close_matches(name, folders, 1)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise ProjectError(
        f"There is no project {name!r}. {hint}Known projects are {', '.join(sorted(folders))}; "
        "a project elsewhere is named by its folder, and `kit new` writes one for your data."
    )


def _read_spec(path: Path) -> ProjectFile:
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  a SafeLoader that refuses duplicate keys
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProjectError(
            f"{path} must be a YAML file, but it cannot be read: {error}. Correct it there."
        ) from error
    if not isinstance(content, dict):
        raise ProjectError(f"{path} must be a YAML mapping with name, task, label, data and columns.")
    try:
        return ProjectFile.model_validate(content)
    except ValidationError as error:
        raise ProjectError(_explain(path, node, error)) from None


class _StrictLoader(yaml.SafeLoader):
    """YAML lets a later duplicate win silently; a column or gate written twice is a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
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
        lines.append(f"  line {_line_of(node, place)}, {field}: {allowed}{found}{known}")
    lines.append("Correct these in the file.")
    return "\n".join(lines)


def _known_fields(place: list[Any]) -> str:
    model: Any = ProjectFile
    sections = {"data": "Data", "training": "Training", "gates": "Gate", "columns": "Column"}
    if len(place) > 1 and place[0] in sections:
        model = getattr(importlib.import_module("kit.project_file"), sections[place[0]])
    return f" (known fields: {', '.join(model.model_fields)})"


def _line_of(node: Any, place: list[Any]) -> int:
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
