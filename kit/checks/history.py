"""The spans that a session's examples come from, and the statistics of each span."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from kit.checks.distances import Statistics
from kit.checks.drift import History
from kit.data.data_file import files_of
from kit.data.example_gen import SPLITS
from kit.data.span_statistics import SpanStatistics
from kit.data.statistics import compute_statistics, load_statistics
from kit.errors import InputDataError
from kit.session import Session


@dataclass(frozen=True)
class Part:
    """The rows of one span in one split, in their order there."""

    span: int
    rows: int
    statistics: Statistics


def parts_of(session: Session) -> dict[str, list[Part]]:
    """Return the spans of each split; none where their rows cannot be distinguished.

    This is so where a hash assigns each row, where rows were quarantined, and where files have changed since they were
    read: then the examples are judged as a whole.

    Raises:
        StepOrderError: when ExampleGen has not run.
    """
    files: dict[tuple[str, int], list[Path]] = defaultdict(list)
    for file in files_of(session.properties("ExampleGen")):
        if file.split in SPLITS and file.span is not None:
            files[file.split, file.span].append(file.path)
    computed = SpanStatistics(session.workspace, session.project)
    parts: dict[str, list[Part]] = {split: [] for split in SPLITS}
    try:
        for (split, span), paths in files.items():
            statistics = computed.of_files(paths)
            parts[split].append(Part(span, int(statistics.datasets[0].num_examples), statistics))
    except (InputDataError, OSError):
        # Read as with a quarantine, past unreadable rows; or a file is gone
        return {split: [] for split in SPLITS}
    whole = {split: split_statistics(session, split).datasets[0].num_examples for split in SPLITS}
    return {
        split: found if sum(one.rows for one in found) == whole[split] else []
        for split, found in parts.items()
    }


def history_of(session: Session, parts: dict[str, list[Part]]) -> History:
    """Return the statistics that a session's eval is compared with."""
    spans = {part.span: part.statistics for part in parts[SPLITS[0]]}
    judged: dict[int | None, Statistics] = {part.span: part.statistics for part in parts[SPLITS[1]]}
    return History(
        split_statistics(session, SPLITS[0]), spans, judged or {None: split_statistics(session, SPLITS[1])}
    )


def split_statistics(session: Session, split: str) -> Statistics:
    """Return the statistics of a split of the latest examples, computed where StatisticsGen has not done so."""
    examples = session.path("ExampleGen", "examples")
    for inputs, outputs in session.history("StatisticsGen")[:1]:
        if Path(inputs["examples"][0].uri) == examples:
            return load_statistics(Path(outputs["statistics"][0].uri), split)
    return compute_statistics(examples / f"Split-{split}")
