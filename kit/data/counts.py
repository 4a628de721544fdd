"""Exact counts of a column's distinct texts, as TFDV makes them through Beam.

In memory TFDV counts by a sketch: for a column with more than 1,024 different texts the most frequent come out wrong,
and above 16,384 their number, too. Counts of all texts take about as much memory as the different texts do.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_data_validation.statistics.generators import top_k_uniques_sketch_stats_generator as sketched
from tensorflow_data_validation.utils.top_k_uniques_stats_util import FeatureValueCount
from tfx_bsl.arrow import array_util

_WAITING = 50_000  # batch counts that are merged at once, or as many as there are texts


class TopKUniques(sketched.TopKUniquesSketchStatsGenerator):
    """TFDV's generator with exact counts in place of its sketches; rows have no weights.

    Args:
        options: TFDV's.
    """

    def __init__(self, options: Any) -> None:
        super().__init__(
            num_top_values=options.num_top_values,
            num_rank_histogram_buckets=options.num_rank_histogram_buckets,
            frequency_threshold=options.frequency_threshold,
            length_counter_sampling_rate=0,  # a counter that is not read here
        )
        self._most = max(options.num_top_values, options.num_rank_histogram_buckets)

    def _update_combined_sketch_for_feature(
        self, feature_name: Any, values: pa.Array, weights: Any, accumulator: dict[Any, Any]
    ) -> None:
        del weights
        flat, _ = array_util.flatten_nested(values, False)
        if feature_name not in accumulator:
            accumulator[feature_name] = _Counts(self._most)
        accumulator[feature_name].add(flat)


class _Counts:
    """Exact counts of one feature, in place of TFDV's sketches.

    Args:
        most: how many of the most frequent texts are reported.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._whole: pa.Table | None = None  # each text once
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0

    def add(self, values: pa.Array) -> None:
        counted = values.value_counts()
        self._take(pa.table({"text": counted.field("values"), "count": counted.field("counts")}))

    def merge(self, other: _Counts) -> None:
        self._take(other._added_up())

    def estimate(self) -> Any:
        """Return what TFDV wants from its sketches: the number of texts, and the most frequent ones."""
        whole = self._added_up()
        if not whole.num_rows:  # Arrow cannot select from it
            return sketched._CombinedEstimate(0, [], [])  # noqa: SLF001  what the generator reads
        # The order of equally frequent texts is TFDV's.
        places = pc.select_k_unstable(
            whole, k=self._most, sort_keys=[("count", "descending"), ("text", "descending")]
        )
        top = whole.take(places).to_pydict()
        pairs = [FeatureValueCount(*pair) for pair in zip(top["text"], top["count"], strict=True)]
        return sketched._CombinedEstimate(whole.num_rows, pairs, [])  # noqa: SLF001

    def _take(self, counts: pa.Table) -> None:
        self._waiting.append(counts)
        self._waiting_rows += counts.num_rows
        # As long as the total: each text is then merged only a few times, however many batches there are.
        if self._waiting_rows > max(_WAITING, self._whole.num_rows if self._whole else 0):
            self._added_up()

    def _added_up(self) -> pa.Table:
        if self._waiting:
            parts = [*([self._whole] if self._whole else []), *self._waiting]
            summed = pa.concat_tables(parts).group_by("text").aggregate([("count", "sum")])
            self._whole = pa.table({"text": summed["text"], "count": summed["count_sum"]}).combine_chunks()
            self._waiting, self._waiting_rows = [], 0
        return self._whole
