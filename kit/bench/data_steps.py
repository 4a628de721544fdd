"""Time ExampleGen and StatisticsGen on 1.5 million generated rows: the kit's executors, and stock TFX's.

Each executor runs in a process of its own that has imported all it needs; its work is timed without the component's
bookkeeping, which is the same for both. Both ExampleGens read the same CSV files, and both StatisticsGens the examples
that the kit has written. Stock runs on Beam's local runner.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kit.bench.figure import Figure
from kit.bench.generated import SPANS, Size, generate, make_project
from kit.workspace import CHECKOUT

SIZE = Size(214_290, 30_000, 750)  # users and items per row as in sample_data/README.md
_STEPS = ("ExampleGen", "StatisticsGen")
_TIME_GOAL, _MEMORY_GOAL = 0.25, 1.0


def data_steps(folder: Path, size: Size = SIZE) -> Iterator[Figure]:
    """Generate the rows and run both steps both ways; takes ten minutes, most of it for stock TFX."""
    generate(size, folder)
    make_project(folder / "generated", folder)
    for step in _STEPS:
        kit, stock = (_measured(way, step, folder) for way in ("kit", "stock"))
        name = f"{step} at {size.rows / 1e6:.1f} million rows"
        for key, what, goal in (("seconds", "time", _TIME_GOAL), ("peak_mb", "peak memory", _MEMORY_GOAL)):
            title = f"{name}, {what}, kit over stock"
            yield Figure(title, kit[key] / stock[key], "ratio", goal, "less", stock[key], kit[key])


def _measured(way: str, step: str, folder: Path) -> dict[str, float]:
    """Return the seconds of one executor, without imports, and its process's peak megabytes."""
    command = [sys.executable, "-m", __name__, way, step, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CHECKOUT)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def main(way: str, step: str, folder: str) -> None:
    """Run one executor in this process and print its seconds and megabytes."""
    from kit.bench.memory import peak_megabytes  # noqa: PLC0415  as TFX below, for the measured process only

    executor, inputs, outputs, properties = _work(way, step, Path(folder))
    started = time.perf_counter()
    executor.Do(inputs, outputs, properties)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mb": peak_megabytes()}))  # noqa: T201  read by who started this


def _work(way: str, step: str, folder: Path) -> tuple[Any, Any, Any, Any]:
    """Return a step's executor, and the arguments of its `Do`."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor  # noqa: PLC0415
    from tfx.types import artifact_utils, channel_utils, standard_artifacts  # noqa: PLC0415

    from kit.steps.beam_settings import LOCAL_RUNNER  # noqa: PLC0415

    inputs: dict[str, list[Any]] = {}
    if step == "ExampleGen":
        component = _example_gens(folder)[way]()
    else:
        examples = standard_artifacts.Examples()
        examples.uri = str(folder / "kit" / "ExampleGen" / "examples")
        examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
        inputs = {"examples": [examples]}
        component = _statistics_gens()[way](examples=channel_utils.as_channel([examples]))
    outputs = {key: [channel.type()] for key, channel in component.spec.outputs.items()}
    for key, [artifact] in outputs.items():
        artifact.uri = str(folder / way / step / key)
    executor_class = component.executor_spec.executor_class
    context = None
    if issubclass(executor_class, BaseBeamExecutor):
        tmp = str(folder / way / "tmp")
        context = BaseBeamExecutor.Context(beam_pipeline_args=[LOCAL_RUNNER], tmp_dir=tmp, unique_id="1")
    return executor_class(context), inputs, outputs, dict(component.exec_properties)


def _example_gens(folder: Path) -> dict[str, Any]:
    from tfx.components import CsvExampleGen  # noqa: PLC0415
    from tfx.proto import example_gen_pb2  # noqa: PLC0415

    from kit.data.example_gen import ProjectExampleGen  # noqa: PLC0415
    from kit.project import Project  # noqa: PLC0415

    splits = [
        example_gen_pb2.Input.Split(name=name, pattern=f"span-{spans}/*")
        for name, spans in (("train", f"[1-{SPANS - 1}]"), ("eval", SPANS))
    ]
    return {
        "kit": lambda: ProjectExampleGen(Project.load(str(folder / "generated"))),
        "stock": lambda: CsvExampleGen(
            input_base=str(folder / "impressions"), input_config=example_gen_pb2.Input(splits=splits)
        ),
    }


def _statistics_gens() -> dict[str, Any]:
    from tfx.components import StatisticsGen as StockStatisticsGen  # noqa: PLC0415

    from kit.data.statistics import StatisticsGen  # noqa: PLC0415

    return {"kit": StatisticsGen, "stock": StockStatisticsGen}


if __name__ == "__main__":
    main(*sys.argv[1:])
