"""TFMA's whole pipeline over rows with scores, without a model: what an evaluation of a project finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.utils import config_util
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer

from kit.evaluation.config import eval_config
from kit.evaluation.metrics import slice_rules, validation
from kit.evaluation.results import load_slices
from kit.evaluation.sections import RANKING_METRICS
from kit.project import Project
from kit.project.file import ProjectFile

COLUMNS = {
    "visit": "key",
    "item": "id",
    "kind": "category",
    "city": "category",
    "age": {"kind": "number", "dtype": "int"},
    "y": {"kind": "label", "dtype": "int"},
}
RANKING: dict[str, Any] = {"query": "visit", "item": "item", "k": 3, "attributes": ["kind"]}
# Without the areas under curves: TFMA's divide zero by zero, and warn.
METRICS = ["logloss", "accuracy", "calibration", "calibration_error", *RANKING_METRICS]
BANDS = {"age_band": {"column": "age", "edges": [30, 60]}}


@dataclass(frozen=True)
class Rows:
    """Rows of lists in the columns above, with scores; a city may be missing."""

    columns: Mapping[str, Sequence[Any]]

    def where(self, keep: np.ndarray) -> dict[str, np.ndarray]:
        return {name: np.array(values, object)[keep] for name, values in self.columns.items()}

    @property
    def count(self) -> int:
        return len(self.columns["y"])


def rows_of(lists: int = 80, seed: int = 1) -> Rows:
    """Make lists of two to eight rows; whoever looks at one has an age, and one in six has no known city."""
    draw = np.random.default_rng(seed)
    made: dict[str, list[Any]] = {name: [] for name in [*COLUMNS, "score"]}
    for visit in range(lists):
        city, age = (
            draw.choice(np.array(["Rom", "Oslo", None], object), p=[0.7, 0.13, 0.17]),
            int(draw.integers(18, 90)),
        )
        for _ in range(int(draw.integers(2, 9))):
            item, score = int(draw.zipf(1.6) % 30), float(draw.random() ** 2)
            row = {"visit": f"v{visit}", "item": f"i{item}", "kind": f"k{item % 4}", "city": city, "age": age}
            for name, value in {**row, "y": int(draw.random() < score), "score": score}.items():
                made[name].append(value)
    return Rows(made)


def project(**sections: Any) -> Project:
    """Return a project of these columns that cuts by city, kind and age band."""
    content = {
        "name": "lists",
        "task": "binary",
        "label": "y",
        "data": {"files": "rows.csv"},
        "columns": COLUMNS,
        "slices": [["city"], ["kind"], ["age_band"], ["age_band", "city"]],
        "ranking": RANKING,
        "metrics": METRICS,
        **sections,
        "evaluation": {"bands": BANDS, **sections.get("evaluation", {})},
    }
    return Project(Path("lists"), ProjectFile.model_validate(content))


def analyse(folder: Path, judged: Project, rows: Rows, more: Sequence[tfma.MetricsSpec] = ()) -> Path:
    """Evaluate the rows as Evaluator does, with some metrics more; return the folder of the evaluation."""
    config = eval_config(judged, has_baseline=False)
    [model] = config.model_specs
    model.CopyFrom(tfma.ModelSpec(label_key="y", prediction_key="score"))
    config.metrics_specs.extend(more)
    batch = pa.RecordBatch.from_pydict(
        {
            name: pa.array([[] if value is None else [value] for value in values])
            for name, values in rows.columns.items()
        }
    )
    extractors = slice_rules.custom_extractors(None, config, None)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        _ = (
            pipeline
            | beam.Create([batch])
            | tfma.ExtractEvaluateAndWriteResults(
                eval_config=config, extractors=extractors, output_path=str(folder)
            )
        )
    return folder


def verdict(evaluation: Path, judged: Project) -> bool:
    """Return whether TFMA blesses a model whose metrics are there already."""
    config = eval_config(judged, has_baseline=False)
    updated = config_util.update_eval_config_with_defaults(config, has_baseline=False, rubber_stamp=True)
    combine = metrics_plots_and_validations_writer.CombineValidations(updated)
    result = combine.create_accumulator()
    for key, metrics in load_slices(evaluation):
        named = {metric_types.MetricKey(name): value for name, value in metrics.items()}
        result = combine.add_input(result, validation.validate_metrics((key, named), updated))
    return bool(combine.extract_output(result).validation_ok)
