"""StatisticsGen that computes TFDV's statistics in memory instead of through Beam: the same values, faster."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_data_validation.statistics.generators.top_k_uniques_sketch_stats_generator import (
    TopKUniquesSketchStatsGenerator,
)
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.components.statistics_gen import component
from tfx.dsl.components.base import base_beam_executor, executor_spec
from tfx.types import artifact_utils
from tfx_bsl.coders import example_coder

from kit.data.counts import TopKUniques
from kit.data.tfrecords import read_tfrecords
from kit.steps.progress import report

STATISTICS_FILE = "FeatureStats.pb"
BATCH_ROWS = 20_000  # no slower than more, which would be most of the step's memory
_DECODERS = 2  # threads; decoding takes three times as long as reading, four times as long as counting


class InMemoryStatisticsExecutor(base_beam_executor.BaseBeamExecutor):
    """Writes the statistics of each split where StatisticsGen's readers look for them."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        del exec_properties
        [examples], [statistics] = input_dict["examples"], output_dict["statistics"]
        splits = artifact_utils.decode_split_names(examples.split_names)
        statistics.split_names = examples.split_names
        for split in splits:
            report(f"split {split}")
            computed = compute_statistics(Path(artifact_utils.get_split_uri([examples], split)))
            folder = Path(artifact_utils.get_split_uri([statistics], split))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / STATISTICS_FILE).write_bytes(computed.SerializeToString())


class StatisticsGen(component.StatisticsGen):
    """TFX's StatisticsGen with the in-memory executor."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(InMemoryStatisticsExecutor)

    def through_beam(self) -> StatisticsGen:
        """Compute through Beam, as TFX does; return the component itself."""
        self.executor_spec = component.StatisticsGen.EXECUTOR_SPEC
        return self


def compute_statistics(folder: Path) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Compute TFDV's statistics of all gzipped TFRecord files in a folder, a batch of rows at a time."""
    return statistics_of_batches(_batches(folder))


class Accumulated:
    """TFDV's statistics of rows that come in batches, or were accumulated separately."""

    def __init__(self) -> None:
        options = tfdv.StatsOptions()
        self._generators = [
            TopKUniques(options) if isinstance(generator, TopKUniquesSketchStatsGenerator) else generator
            for generator in stats_impl.get_generators(options, in_memory=True)
        ]
        self._accumulators = [generator.create_accumulator() for generator in self._generators]

    def add(self, batch: pa.RecordBatch) -> None:
        """Add decoded examples: each column holds one list of values per row."""
        self._accumulators = [
            generator.add_input(accumulator, batch)
            for generator, accumulator in zip(self._generators, self._accumulators, strict=True)
        ]

    def merge(self, other: Accumulated) -> None:
        """Add what another one has seen; that one stays usable."""
        self._accumulators = [
            generator.merge_accumulators([mine, copy.deepcopy(theirs)])
            for generator, mine, theirs in zip(
                self._generators, self._accumulators, other._accumulators, strict=True
            )
        ]

    def statistics(self) -> statistics_pb2.DatasetFeatureStatisticsList:
        """Return the statistics of all that was taken; nothing can be added any more."""
        return stats_impl.extract_statistics_output(self._accumulators, self._generators)


def statistics_of_batches(batches: Iterable[pa.RecordBatch]) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Compute TFDV's statistics of rows as examples are decoded."""
    accumulated = Accumulated()
    for batch in batches:
        accumulated.add(batch)
    return accumulated.statistics()


def _batches(folder: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all files; the next ones are unpacked and decoded while the last are counted."""
    files = sorted(str(path) for path in folder.iterdir())
    serialized = read_tfrecords(files).batch(BATCH_ROWS).prefetch(1).as_numpy_iterator()
    decoder = example_coder.ExamplesToRecordBatchDecoder()
    ahead = deque[Future[pa.RecordBatch]]()
    with ThreadPoolExecutor(_DECODERS, "decode") as threads:
        for records in serialized:
            ahead.append(threads.submit(decoder.DecodeBatch, records))
            if len(ahead) > _DECODERS:
                yield ahead.popleft().result()
        for batch in ahead:
            yield batch.result()


def load_statistics(path: Path, split: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Load the statistics of one split from the folder of an ExampleStatistics artifact."""
    return tfdv.load_stats_binary(str(path / f"Split-{split}" / STATISTICS_FILE))


def feature_name(feature: statistics_pb2.FeatureNameStatistics) -> str:
    """Return the name of a feature, which TFDV writes as a path of steps, and older statistics as a name."""
    return ".".join(feature.path.step) if feature.path.step else str(feature.name)
