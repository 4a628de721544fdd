"""The statistics that a curated schema is compared with: those of each span of a project, or of several together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kit.data.example_gen import SPLITS
from kit.data.schema import Statistics
from kit.data.span_statistics import SpanStatistics
from kit.errors import UsageError
from kit.project import Project
from kit.spans import SpanRange, parse_spans
from kit.texts import Say
from kit.workspace import Workspace


def per_span(
    workspace: Workspace, project: Project, spans: str, say: Say
) -> Iterator[tuple[str, Statistics]]:
    """Yield the name of each span and its statistics, oldest first; a project without spans is one.

    Args:
        workspace: the workspace where statistics are kept, so that nothing is computed twice.
        project: the project whose data are read.
        spans: the spans, such as `1-7` or `last 2`; empty: the train spans.
        say: is told of each span when it has been read.

    Raises:
        UsageError: when the spans are not written as they must be, or the project has none.
        InputDataError: when one was not delivered, or cannot be read.
    """
    kept = SpanStatistics(workspace, project)
    for name, files in _files(project, spans).items():
        statistics = kept.of_files(files)
        say(f"{name}: {int(statistics.datasets[0].num_examples):,} rows")
        yield name, statistics


def whole(workspace: Workspace, project: Project, spans: str, say: Say) -> Statistics:
    """Return the statistics of all the rows together, as `per_span` chooses them.

    Raises:
        UsageError: when the spans are not written as they must be, or the project has none.
        InputDataError: when one was not delivered, or cannot be read.
    """
    chosen = _files(project, spans)
    names = list(chosen)
    say(f"Reading {names[0]} to {names[-1]} together …" if len(names) > 1 else f"Reading {names[0]} …")
    return SpanStatistics(workspace, project).of_files([file for files in chosen.values() for file in files])


def _files(project: Project, spans: str) -> dict[str, list[Path]]:
    """Return the files of the chosen spans, by what people call the span."""
    if not project.spec.data.has_spans:
        if spans:
            raise UsageError(
                f"Spans can be chosen where files are delivered by them, but {project.name} has "
                f"{project.spec.data.files!r}. Leave --spans out."
            )
        return {"all data": [file.path for file in project.input_files()]}
    return {f"span {project.span_label(span)}": project.span_files(span) for span in _chosen(project, spans)}


def _chosen(project: Project, spans: str) -> Sequence[int]:
    if not spans.strip():
        of_train = (file.span for file in project.input_files() if file.split == SPLITS[0])
        return list(dict.fromkeys(span for span in of_train if span is not None))
    try:
        asked = parse_spans(spans)
        project.spec.data.check_spans(asked)
    except ValueError as error:
        raise UsageError(f"--spans: {error}. Write for example 1-6 or last 2.") from None
    if isinstance(asked, SpanRange):
        return asked.numbers()
    return project.spans()[-asked.count :]
