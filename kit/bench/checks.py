"""Time all checks on more and more rows, and the peer's statistics and validation on the same rows.

The time covers all of the judge's work: reading CSV files, TFDV's statistics of each span, the schema, and every check.
The peer does what the executors of stock StatisticsGen and ExampleValidator do: TFDV's statistics of tf.Examples
through Beam, and their validation. Converting the rows to tf.Examples first is not counted against it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kit.bench.figure import Figure
from kit.bench.memory import peak_megabytes
from kit.workspace import CHECKOUT

_SIZES = (15_000, 150_000, 1_500_000)
_PEER_ROWS = 150_000
_SPANS = 3  # the last is judged against the others
_MOST_TIMES = 12  # times as long for ten times the rows: linear, plus a margin for a busy machine
_MOST_MB = 4_000


def checks(folder: Path) -> Iterator[Figure]:
    """Generate rows of each size in a folder and judge them, each in a process of its own; takes about 3 minutes."""
    found = {rows: _measured("judge", folder / f"{rows}", rows) for rows in _SIZES}
    for rows, (seconds, megabytes) in found.items():
        yield Figure(
            f"all checks of {rows:,} rows",
            rows / seconds,
            "rows per second",
            20_000 if rows > _SIZES[0] else 0,
            "more",
        )
        yield Figure(f"all checks of {rows:,} rows, peak memory", megabytes, "MB", _MOST_MB, "less")
    fewer, more = (found[rows][0] for rows in _SIZES[-2:])
    yield Figure("all checks, time for ten times the rows", more / fewer, "times", _MOST_TIMES, "less")
    peer, _ = _measured("peer", folder / f"{_PEER_ROWS}", _PEER_ROWS)
    kit, _ = found[_PEER_ROWS]
    name = f"all checks over stock statistics and validation, {_PEER_ROWS:,} rows"
    yield Figure(name, kit / peer, "ratio", 0.5, "less", peer=peer, measured=kit)


def _measured(what: str, folder: Path, rows: int) -> tuple[float, float]:
    """Return the seconds, without imports, and the peak memory in MB."""
    command = [sys.executable, "-m", __name__, what, str(folder), str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CHECKOUT)
    seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(megabytes)


def _generate(folder: Path, rows: int) -> list[Path]:
    from sample_data import Config, Generator, write_span  # noqa: PLC0415  not part of the package that runs elsewhere

    files = [folder / "impressions" / f"span-{span}" / "impressions.csv" for span in range(1, _SPANS + 1)]
    if not files[-1].exists():
        generator = Generator(
            Config(spans=_SPANS, rows_per_span=rows // _SPANS, users=max(2_000, rows // 100))
        )
        for span, blocks in generator.spans():
            write_span(folder, span, blocks)
    return files


def _judge(files: list[Path]) -> Callable[[], object]:
    from kit.checks.judge import Judge  # noqa: PLC0415  TensorFlow, which only the measured process loads
    from kit.data.files import rows_of  # noqa: PLC0415
    from kit.project import Project  # noqa: PLC0415

    project = Project.load("recommender")

    def work() -> object:
        *train, day = (rows_of(project, [file]) for file in files)
        return Judge(project, dict(enumerate(train, 1))).judge(day, len(files))

    return work


def _peer(files: list[Path]) -> Callable[[], object]:
    import tensorflow_data_validation as tfdv  # noqa: PLC0415
    from apache_beam.options.pipeline_options import PipelineOptions  # noqa: PLC0415

    from kit.data.encoding import encode  # noqa: PLC0415
    from kit.data.example_gen import split_writer  # noqa: PLC0415
    from kit.data.files import rows_of  # noqa: PLC0415
    from kit.data.schema import SCHEMA_FILE, read_schema  # noqa: PLC0415
    from kit.project import Project  # noqa: PLC0415
    from kit.steps.beam_settings import LOCAL_RUNNER  # noqa: PLC0415

    project = Project.load("recommender")
    root = files[0].parents[2] / "examples"
    splits = {"train": files[:-1], "eval": files[-1:]}
    for split, some in splits.items():
        with split_writer(root, split) as writer:
            for batch in rows_of(project, some):
                for record in encode(batch):
                    writer.write(record)
    schema = read_schema(project.folder / SCHEMA_FILE)

    def work() -> object:
        return [
            tfdv.validate_statistics(
                tfdv.generate_statistics_from_tfrecord(
                    str(root / f"Split-{split}" / "*.gz"),
                    output_path=str(root / f"{split}.pb"),
                    pipeline_options=PipelineOptions([LOCAL_RUNNER]),
                ),
                schema,
                environment="TRAINING",
            )
            for split in splits
        ]

    return work


def main(what: str, folder: str, rows: str) -> None:
    """Do one piece of work in this process, and print its seconds and its peak memory."""
    files = _generate(Path(folder), int(rows))
    work = {"judge": _judge, "peer": _peer}[what](files)
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{json.dumps([seconds, peak_megabytes()])}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
