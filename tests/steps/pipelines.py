"""Pipelines that run in processes of their own, with stock Beam or with its costs paid once."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf
import tensorflow_transform as tft
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.transforms import core
from tensorflow_transform import beam as tft_beam
from tensorflow_transform.beam.analysis_graph_builder import get_analysis_cache_entry_keys
from tensorflow_transform.beam.analyzer_cache import DatasetKey

from kit.steps import beam_costs, transform_costs
from kit.steps.beam_settings import LOCAL_RUNNER

_ROWS = [{"word": word, "size": float(size)} for size, word in enumerate(["the", "cat", "the", "dog", "the"])]
_SPEC = {"word": tf.io.FixedLenFeature([], tf.string), "size": tf.io.FixedLenFeature([], tf.float32)}


class _Scale:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def apply(self, number: int, offset: int = 1) -> int:
        return number * self.factor + offset

    @staticmethod
    def twice(number: int) -> int:
        return 2 * number

    def __call__(self, number: int) -> int:
        return number - self.factor


def _weighted(number: int, weight: int, *, extra: int = 5) -> int:
    return number * weight + extra


_FUNCTIONS: list[Any] = [
    _Scale(3).apply, _Scale(5).apply, _Scale.apply, _Scale.twice, _Scale(2), _weighted, len, str.upper,
    functools.partial(_weighted, weight=2), lambda number, other=(1, 2): (number, other),
]  # fmt: skip


def run(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Return as JSON what the pipelines give, and how often `_preprocess` was traced to look at it.

    `paid` as the payload changes Beam and TensorFlow Transform first.
    """
    if payload == b"paid":
        beam_costs.pay_once()
        transform_costs.pay_once()
    looked_at = [_look_at(tf1_graph) for tf1_graph in (True, False)]
    traces = [traces for _, traces in looked_at]
    seen = [seen for seen, _ in looked_at]
    return json.dumps([_signatures(), _options(), _plain(), _transform(), seen, traces]).encode()


def _signatures() -> list[str]:
    """Ask for each function twice: the second answer is a remembered one."""
    return [str(core.get_function_args_defaults(function)) for _ in range(2) for function in _FUNCTIONS]


def _options() -> list[Any]:
    """Change options through one view and read them through others."""
    options = PipelineOptions(["--direct_num_workers=3"])
    options.view_as(StandardOptions).streaming = True
    fresh = PipelineOptions([])
    return [
        options.view_as(DirectOptions).direct_num_workers,
        options.view_as(StandardOptions).streaming,
        options.view_as(DirectOptions).view_as(StandardOptions).streaming,
        fresh.view_as(StandardOptions).streaming,
        fresh.view_as(DirectOptions).direct_num_workers,
    ]


def _plain() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline(options=PipelineOptions([LOCAL_RUNNER])) as pipeline:
            numbers = pipeline | beam.Create(range(20))
            weight = numbers | beam.CombineGlobally(sum)
            sums = (
                numbers
                | beam.Map(_Scale(3).apply)
                | "again" >> beam.Map(_Scale(5).apply, offset=2)
                | beam.Map(_Scale.twice)
                | "called" >> beam.Map(_Scale(2))
                | beam.Map(_weighted, weight=beam.pvalue.AsSingleton(weight), extra=7)
                | beam.Map(lambda number: (number % 7, number))
                | beam.CombinePerKey(sum)
            )
            sums | beam.io.WriteToText(f"{folder}/sums", num_shards=1)
        [written] = Path(folder).iterdir()
        return sorted(written.read_text().splitlines())


def _look_at(tf1_graph: bool) -> tuple[list[list[str]], int]:
    """Ask for the columns and cache entries that `_preprocess` reads, as TFX's executor does, and of other columns."""
    traced = 0

    def preprocess(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        nonlocal traced
        traced += 1
        return _preprocess(inputs)

    specs = {name: tf.TensorSpec([None], spec.dtype) for name, spec in _SPEC.items()}
    more = {**specs, "color": tf.TensorSpec([None], tf.string)}
    seen = []
    for columns in (specs, specs, more, specs):
        seen.append(sorted(tft.get_analyze_input_columns(preprocess, columns, tf1_graph)))
        seen.append(sorted(tft.get_transform_input_columns(preprocess, columns, tf1_graph)))
        keys = get_analysis_cache_entry_keys(preprocess, columns, [DatasetKey("rows")], tf1_graph)
        seen.append(sorted(str(key) for key in keys))
    return seen, traced


def _preprocess(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {
        "word": tft.compute_and_apply_vocabulary(inputs["word"]),
        "size": tft.scale_to_z_score(inputs["size"]),
        "bucket": tft.bucketize(inputs["size"], 3),
    }


def _transform() -> list[dict[str, float]]:
    metadata = tft.DatasetMetadata.from_feature_spec(_SPEC)
    with tempfile.TemporaryDirectory() as folder, tft_beam.Context(temp_dir=folder):
        analyzed = (_ROWS, metadata) | tft_beam.AnalyzeAndTransformDataset(_preprocess)
    (rows, _), _ = analyzed
    return sorted(({name: float(value) for name, value in row.items()} for row in rows), key=str)
