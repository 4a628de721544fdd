"""Read and score the rows of an evaluation as TFMA's extractors do, some ten thousand at a time.

TFMA's own functions decode, and find labels and weights; here they are given large batches and no pipeline around them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.utils import model_util, util
from tfx_bsl.coders import example_coder
from tfx_bsl.tfxio import tensor_representation_util

from kit.evaluation.local.rows import NotLocalError, Pairs, Rows, Scored, Values
from kit.evaluation.local.scoring import scorer
from kit.evaluation.metrics import slice_rules
from kit.steps.progress import report

BATCH_ROWS = 20_000


class Extractor:
    """Reads examples and scores them.

    Args:
        eval_config: the configuration, with its defaults filled in.
        models: TFMA's shared models of its model specs.
        schema: the schema of the examples; None: there is none.
        features: the names of those that slices and metrics use.
    """

    def __init__(
        self, eval_config: Any, models: Sequence[Any], schema: Any | None, features: Collection[str]
    ) -> None:
        self._specs = list(eval_config.model_specs)
        self._features = sorted(features)
        self._decoder = example_coder.ExamplesToRecordBatchDecoder(
            *([schema.SerializeToString()] if schema is not None else [])
        )
        self._representations = (
            tensor_representation_util.InferTensorRepresentationsFromMixedSchema(schema)
            if schema is not None
            else {}
        )
        self._bands = slice_rules.rules_of(eval_config)["bands"]
        keys = {key for spec in self._specs for key in (spec.label_key, spec.example_weight_key)}
        self._score = scorer(self._specs, models, {*features, *keys})

    def rows(self, records: Iterator[bytes]) -> Rows:
        """Read all records.

        Raises:
            NotLocalError: when labels, predictions or features have a form that only TFMA's pipeline accepts.
        """
        gathered = _Gathered(self._features, [self._name(spec) for spec in self._specs])
        while batch := list(islice(records, BATCH_ROWS)):
            self._add(batch, gathered)
            report(f"{gathered.count:,} rows scored")
        return gathered.rows()

    def _name(self, spec: Any) -> str:
        return spec.name if len(self._specs) > 1 else ""

    def _add(self, batch: list[bytes], gathered: _Gathered) -> None:
        extracts = {
            constants.FEATURES_KEY: util.record_batch_to_tensor_values(
                self._decoder.DecodeBatch(batch), self._representations
            ),
            constants.INPUT_KEY: np.array(batch, object),
        }
        extracts = self._score(extracts)
        values_of = model_util.get_feature_values_for_model_spec_field
        if self._bands:
            extracts = slice_rules.add_bands(extracts, self._bands)
        labels = values_of(self._specs, "label_key", "label_keys", extracts, True)
        weights = values_of(self._specs, "example_weight_key", "example_weight_keys", extracts)
        for spec in self._specs:
            name = self._name(spec)
            gathered.models[name].append(
                Scored(
                    _column(_of(labels, name), len(batch), "the label"),
                    _column(_prediction(extracts, spec, name), len(batch), "the prediction"),
                    None if weights is None else _column(_of(weights, name), len(batch), "the weight"),
                )
            )
        self._add_features(extracts, gathered)
        gathered.count += len(batch)

    def _add_features(self, extracts: Mapping[str, Any], gathered: _Gathered) -> None:
        transformed = extracts.get(constants.TRANSFORMED_FEATURES_KEY) or {}
        dicts = [transformed] if len(self._specs) == 1 else list(transformed.values())
        for name in self._features:
            # In TFMA's order for slices: models' outputs for a feature before the feature itself.
            found = [one[name] for one in dicts if one.get(name) is not None]
            found = found or [extracts[constants.FEATURES_KEY].get(name)]
            for value in found:
                if value is not None:
                    rows, values = _pairs(value, name)
                    gathered.features[name].append(Pairs(rows + gathered.count, values))


class _Gathered:
    """What the batches gave so far."""

    def __init__(self, features: Collection[str], models: Collection[str]) -> None:
        self.count = 0
        self.features: dict[str, list[Pairs]] = {name: [] for name in features}
        self.models: dict[str, list[Scored]] = {name: [] for name in models}

    def rows(self) -> Rows:
        if not self.count:
            raise NotLocalError("there are no rows")
        features = {name: _joined(parts) for name, parts in self.features.items() if parts}
        models = {}
        for name, parts in self.models.items():
            weights = [part.weights for part in parts if part.weights is not None]
            models[name] = Scored(
                np.concatenate([part.labels for part in parts]),
                np.concatenate([part.predictions for part in parts]),
                np.concatenate(weights) if weights else None,
            )
        return Rows(self.count, features, models)


def _joined(parts: Sequence[Pairs]) -> Pairs:
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")  # two models may give the same feature
    return Pairs(rows[order], np.concatenate([part.values for part in parts])[order])


def _of(values: Any, model: str) -> Any:
    return values.get(model) if isinstance(values, Mapping) else values


def _prediction(extracts: Mapping[str, Any], spec: Any, name: str) -> Any:
    predictions = extracts[constants.PREDICTIONS_KEY]
    if name:
        predictions = predictions[name]
    if isinstance(predictions, Mapping):
        if spec.prediction_key not in predictions:
            raise NotLocalError("a model has several outputs and no prediction_key of them")
        predictions = predictions[spec.prediction_key]
    return predictions


def _column(values: Any, count: int, what: str) -> Values:
    """Return numbers of one kind, [rows] or [rows, several].

    Raises:
        NotLocalError: when they are neither.
    """
    if (
        not isinstance(values, np.ndarray)
        or len(values) != count
        or not np.issubdtype(values.dtype, np.number)
    ):
        raise NotLocalError(f"{what} is no column of numbers, one row a row")
    values = values.reshape(count, -1)
    return np.asarray(values[:, 0] if values.shape[1] == 1 else values)


def _pairs(value: Any, name: str) -> tuple[Values, Values]:
    if isinstance(value, np.ndarray):
        flat = value.reshape(len(value), -1)
        if flat.dtype == object and any(one is None for one in flat.ravel()):
            raise NotLocalError(f"{name} is missing in a way that only TFMA's pipeline takes")
        return np.repeat(np.arange(len(flat)), flat.shape[1]), flat.ravel()
    if hasattr(value, "indices"):
        return np.asarray(value.indices)[:, 0].astype(np.int64), np.asarray(value.values)
    raise NotLocalError(f"{name} is a ragged tensor")
