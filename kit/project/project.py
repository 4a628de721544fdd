"""A project: the folder that says what is modelled. Notebooks take one as a parameter and are specific to none.

project.yml     data, columns, label, slices, gates, signatures (see `kit.project.file`)
features.py     preprocessing_fn, for Transform
model.py        build_model and signatures, for Trainer
                and optionally: adapt, serving_signature, attention, embeddings, embedding_metadata
"""

from __future__ import annotations

import glob
import importlib
import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import kit.projects
from kit.digests import of_code
from kit.errors import InputDataError, ProjectError
from kit.project.file import Column, ProjectFile
from kit.project.folder import BUILT_IN, find_folder
from kit.project.read import read_project_file
from kit.span_files import BY_HASH, InputFile, Inputs, files_by_span
from kit.spans import AnySpans, Chosen, SpanRange, choose, day_of, in_words, parse_spans
from kit.versions import locked_packages_digest
from kit.workspace import resolve_folder

_PARTS = ("project.yml", "features.py", "model.py")


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
        folder = find_folder(os.fspath(name), resolve_folder(workspace))
        for part in _PARTS:
            if not (folder / part).is_file():
                raise ProjectError(
                    f"A project folder must hold {', '.join(_PARTS)}, but {folder} has no {part}. "
                    "Add it, or write a new project with `kit new`."
                )
        spec = read_project_file(folder / "project.yml")
        if spec.name != folder.name:
            raise ProjectError(
                f"{folder / 'project.yml'}: name must be the folder's name {folder.name!r}, but is {spec.name!r}. "
                "Rename one of them."
            )
        if spec.schema_file and not (folder / spec.schema_file).is_file():
            raise ProjectError(
                f"{folder / 'project.yml'}: schema_file must be a file of the project, but there is no "
                f"{folder / spec.schema_file}. Add it, or leave schema_file out to have a schema inferred."
            )
        project = cls(folder, spec)
        project.make_importable()
        return project

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def is_built_in(self) -> bool:
        """Whether it comes with the kit: all workspaces share its folder, and the next installation replaces it."""
        return self.folder.is_relative_to(BUILT_IN)

    @property
    def label(self) -> str:
        return self.spec.label

    @property
    def label_key(self) -> str:
        """Name of the label among the transformed features."""
        return f"{self.spec.label}_xf"

    @property
    def weight(self) -> str:
        """The column that says how much a row counts in training; empty: each counts 1."""
        return next((name for name, column in self.columns.items() if column.kind == "weight"), "")

    @property
    def weight_key(self) -> str:
        """Name of the weight among the transformed features; empty where there is none."""
        return f"{self.weight}_xf" if self.weight else ""

    @property
    def not_requested(self) -> frozenset[str]:
        """The columns that rows to train on have and requests do not: label and weight."""
        return frozenset({self.label, self.weight} - {""})

    @property
    def columns(self) -> dict[str, Column]:
        """The columns that are read, in the order of project.yml."""
        return {name: column for name, column in self.spec.columns.items() if column.is_read}

    @property
    def features(self) -> dict[str, Column]:
        """The columns that a model may use: neither label nor weight nor key."""
        others = {"key", "label", "weight"}
        return {n: c for n, c in self.columns.items() if c.kind not in others and n != self.label}

    @property
    def times(self) -> list[str]:
        """Names of the columns that hold timestamps."""
        return [name for name, column in self.columns.items() if column.kind == "timestamp"]

    def dotted(self, part: str, function: str) -> str:
        """Return the importable path of a function of this project, as TFX components take it."""
        return f"kit.projects.{self.name}.{part}.{function}"

    def code_digest(self, *rooms: str) -> str:
        """Return digests of the code that a step runs: the project's, that of rooms of the kit, and of libraries.

        TFX's cache looks at artifacts and properties only; with this among the properties, changed code is a miss.
        """
        places = [(BUILT_IN.parent, BUILT_IN.parent / room) for room in rooms]
        files = (
            (path, base)
            for base, place in [*places, (self.folder, self.folder)]
            for path in sorted(place.rglob("*.py"))
            if "/." not in f"/{path.relative_to(base).as_posix()}"  # such as copies in .ipynb_checkpoints
        )
        return f"{of_code(files)[:16]}+{locked_packages_digest()}"

    def make_importable(self) -> None:
        """Make `kit.projects.<name>` importable where the project lies outside the package.

        Raises:
            ProjectError: when a built-in project has that name, whose code would be imported instead.
        """
        built_in = BUILT_IN / self.name
        if built_in.is_dir() and not built_in.samefile(self.folder):
            raise ProjectError(
                f"A project needs a name of its own, but {self.folder} has that of the built-in project {self.name}. "
                "Rename the folder, and name in its project.yml."
            )
        parent = str(self.folder.parent)
        if parent not in kit.projects.__path__:
            kit.projects.__path__.append(parent)

    def module(self, name: str) -> ModuleType:
        """Import one of its modules: `features` or `model`."""
        return importlib.import_module(f"kit.projects.{self.name}.{name}")

    def spans(self) -> list[int]:
        """List the spans that were delivered, oldest first; a project without spans has none."""
        return list(self._delivered())

    def span_files(self, span: int) -> list[Path]:
        """List the files of one span.

        Raises:
            InputDataError: when it was not delivered; the message lists the spans that were.
        """
        delivered = self._delivered()
        if span not in delivered:
            raise InputDataError(
                f"The files of span {self.span_label(span)} are expected at {self.spec.data.files}, but delivered are "
                f"{self._in_words(list(delivered)) or 'none'}. Choose another span, or wait until it is there."
            )
        return delivered[span]

    def span_label(self, span: int) -> str:
        """Return what people call a span: its date where the files are named by dates, else its number."""
        return day_of(span) if self.spec.data.is_dated else str(span)

    def input_files(self, train_spans: str = "", eval_spans: str = "") -> list[InputFile]:
        """List the data files of the chosen spans; see `inputs`."""
        return list(self.inputs(train_spans, eval_spans).files)

    def inputs(self, train_spans: str = "", eval_spans: str = "") -> Inputs:
        """Find the data files of the chosen spans (empty: those of project.yml).

        Raises:
            ProjectError: when the spans are not written as they must be, are in both splits, or no file is there.
            InputDataError: when some were not delivered, unless project.yml lets them be skipped.
        """
        if not self.spec.data.has_spans:
            if train_spans or eval_spans:
                raise ProjectError(
                    f"Spans need {{SPAN}} in data.files, or {{YYYY}}, {{MM}} and {{DD}}, but {self.name} has "
                    f"{self.spec.data.files!r}. Leave train_spans and eval_spans empty."
                )
            return Inputs(
                tuple(InputFile(path, BY_HASH, None) for path in self._matches(self.spec.data.files)), {}
            )
        delivered = self._delivered()
        chosen = self._choose(list(delivered), train_spans, eval_spans)
        files = (
            InputFile(path, split, span)
            for split, those in chosen.items()
            for span in those.spans
            for path in delivered[span]
        )
        return Inputs(tuple(files), chosen)

    def _delivered(self) -> dict[int, list[Path]]:
        pattern = self.spec.data.files
        return files_by_span(*self._base(pattern)) if self.spec.data.has_spans else {}

    def _choose(self, delivered: list[int], train_spans: str, eval_spans: str) -> dict[str, Chosen]:
        data = self.spec.data
        train = self._parse_spans(train_spans) or data.train_spans
        held_out = self._parse_spans(eval_spans) or data.eval_spans
        if train is None or held_out is None:  # project.yml is checked for both
            raise ProjectError(f"{self.folder / 'project.yml'}: data needs train_spans and eval_spans.")
        if isinstance(train, SpanRange) and isinstance(held_out, SpanRange):
            self._refuse_shared(train.shared_with(held_out), train, held_out)
        if not delivered:
            raise self._nothing_at(*self._base(data.files))
        chosen = choose(train, held_out, delivered, dated=data.is_dated)
        shared = sorted(set(chosen[0].spans) & set(chosen[1].spans))
        self._refuse_shared(shared, train, held_out)
        for name, those in zip(("train_spans", "eval_spans"), chosen, strict=True):
            if not those.spans or (data.missing_spans == "error" and not those.is_whole):
                raise self._missing(name, those, delivered)
        return dict(zip(("train", "eval"), chosen, strict=True))

    def _refuse_shared(self, shared: Sequence[int], train: AnySpans, held_out: AnySpans) -> None:
        if shared:
            raise ProjectError(
                f"A span is trained or evaluated on, not both, but {self.span_label(shared[0])} is in train_spans "
                f"{train} and eval_spans {held_out}. Choose ranges that do not overlap."
            )

    def _missing(self, name: str, chosen: Chosen, delivered: list[int]) -> InputDataError:
        way_out = "Choose other spans, or wait until they are there"
        if chosen.spans:
            way_out += "; with `missing_spans: skip` under data in project.yml the others are taken"
        return InputDataError(
            f"{name} {chosen.asked} must be there, but {chosen.lack}; delivered are "
            f"{self._in_words(delivered)}. {way_out}."
        )

    def _in_words(self, spans: list[int]) -> str:
        return in_words(spans, dated=self.spec.data.is_dated)

    def _parse_spans(self, text: str) -> AnySpans | None:
        try:
            spans = parse_spans(text) if str(text).strip() else None
            if spans:
                self.spec.data.check_spans(spans)
        except ValueError as error:
            way_out = "2026-01-01..2026-01-06" if self.spec.data.is_dated else "1-6"
            raise ProjectError(
                f"{str(error)[0].upper()}{str(error)[1:]}. Write for example {way_out} or last 6."
            ) from None
        return spans

    def _matches(self, pattern: str) -> list[Path]:
        base, relative = self._base(pattern)
        found = sorted(path for path in base.glob(relative) if path.is_file())
        if not found:
            raise self._nothing_at(base, relative)
        return found

    def _nothing_at(self, base: Path, relative: str) -> ProjectError:
        return ProjectError(
            f"Data files are expected at {base / relative} (data.files of {self.folder / 'project.yml'}), but none "
            "is there. Correct the pattern, or deliver the data."
        )

    def _base(self, pattern: str) -> tuple[Path, str]:
        if match := re.fullmatch(r"package:([\w.]+)/(.+)", pattern):
            try:
                spec = importlib.util.find_spec(match[1])
            except ModuleNotFoundError:  # the package around it
                spec = None
            if spec is None or not spec.submodule_search_locations:
                raise ProjectError(
                    f"{self.folder / 'project.yml'}: data.files must name an installed package, but {match[1]} is "
                    "not installed. Correct the name, or install it."
                )
            return Path(next(iter(spec.submodule_search_locations))), match[2]
        # Only the pattern is a glob: a folder may have [ in its name.
        path = (
            (Path(glob.escape(str(self.folder))) / pattern)
            if not Path(pattern).is_absolute()
            else Path(pattern)
        )
        fixed = Path(os.path.normpath(path))
        return Path(fixed.anchor), str(fixed.relative_to(fixed.anchor))
