"""The schema of project.yml: one pydantic model per section, checked when the project is loaded.

The models import neither TensorFlow nor TFX, so that a wrong file is reported at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from kit.alerts.config import AlertSettings
from kit.card.config import CardText
from kit.checks.config import Checks
from kit.deploy.config import DeploySettings
from kit.evaluation.sections import (
    EVERY,
    HIGHER_IS_BETTER,
    Evaluation,
    Ranking,
    check_evaluation,
    check_slice,
    default_metrics,
    unknown_metric,
)
from kit.gateway.config import GatewaySettings
from kit.monitoring.config import Monitoring
from kit.project_section import Section, written
from kit.release.config import Release
from kit.retention.config import Retention
from kit.serving.experiments.config import ExperimentSettings
from kit.span_files import check_pattern, has_spans, is_dated
from kit.spans import LAST_DAY, AnySpans, SpanRange, Spans
from kit.steps.beam_settings import Beam
from kit.tensorboard.config import TensorBoardSettings
from kit.training.config import Training
from kit.tuning.config import Tuning

NAME_PATTERN = r"^[a-z][a-z0-9_]*$"

Task = Literal["binary", "multiclass", "regression"]
Kind = Literal[
    "number", "category", "id", "text", "timestamp", "date", "sequence", "key", "ignore", "label", "weight"
]
Dtype = Literal["int", "float", "string"]

_DEFAULT_DTYPE: dict[str, Dtype] = {"number": "float", "timestamp": "int", "weight": "float"}


class Column(Section):
    """One column of the data files.

    `kind` says what it means: `key` is carried along but never a feature, `ignore` is not even read, `sequence` is a
    list of ids in one cell, cut at `separator`, `weight` is how much a row counts in training. `dtype` is how it is
    stored in a tf.Example.
    """

    kind: Kind
    dtype: Dtype = "string"
    separator: str = " "
    format: str = "%Y-%m-%d"

    @model_validator(mode="before")
    @classmethod
    def _default_dtype(cls, value: object) -> object:
        if isinstance(value, str):
            value = {"kind": value}
        if isinstance(value, dict) and "dtype" not in value:
            return {**value, "dtype": _DEFAULT_DTYPE.get(str(value.get("kind")), "string")}
        return value

    @model_validator(mode="after")
    def _dtype_fits_kind(self) -> Self:
        if self.kind in {"number", "weight"} and self.dtype == "string":
            raise ValueError(f"a {self.kind} is stored as int or float, not as string")
        if self.kind in {"text", "sequence", "date"} and self.dtype != "string":
            raise ValueError(f"a {self.kind} is stored as string, not as {self.dtype}")
        return self

    @property
    def is_read(self) -> bool:
        """Whether the column is read into the examples."""
        return self.kind != "ignore"


class Data(Section):
    """Where the rows are.

    `files` is relative to the project's folder, or `package:NAME/path` for files inside an installed package. With
    `{SPAN}`, or `{YYYY}`, `{MM}` and `{DD}`, in it every span is one partition; without them the rows are split two to
    one by a hash of their bytes, as stock TFX does.

    `missing_spans` says whether a missing span that was asked for is an error, or left out and reported.
    """

    files: str
    format: Literal["csv", "parquet"] = "csv"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    train_spans: Spans | None = None
    eval_spans: Spans | None = None
    missing_spans: Literal["error", "skip"] = "error"

    @property
    def has_spans(self) -> bool:
        return has_spans(self.files)

    @property
    def is_dated(self) -> bool:
        """Whether the spans are dates; their numbers are the days since 1970-01-01."""
        return is_dated(self.files)

    @model_validator(mode="after")
    def _spans_fit_pattern(self) -> Self:
        check_pattern(self.files)
        named = [spans for spans in (self.train_spans, self.eval_spans) if spans is not None]
        if self.has_spans and (self.train_spans is None or self.eval_spans is None):
            place = "a date" if self.is_dated else "{SPAN}"
            raise ValueError(
                f"files with {place} need train_spans and eval_spans, for example 1-6 and 7, or last 6 and last 1"
            )
        if named and not self.has_spans:
            raise ValueError("train_spans and eval_spans need {SPAN} in files, or {YYYY}, {MM} and {DD}")
        for spans in named:
            self.check_spans(spans)
        one, other = self.train_spans, self.eval_spans
        if isinstance(one, SpanRange) and isinstance(other, SpanRange) and (shared := one.shared_with(other)):
            twice = SpanRange(first=shared[0], last=shared[0], dated=self.is_dated)
            raise ValueError(
                f"a span is trained or evaluated on, not both, but {twice} is in train_spans {one} "
                f"and in eval_spans {other}"
            )
        return self

    def check_spans(self, spans: AnySpans) -> None:
        """Refuse dates where the spans are numbers, and numbers past the calendar where they are dates.

        Raises:
            ValueError: when the spans are not written like those of the files.
        """
        if isinstance(spans, SpanRange) and spans.dated and not self.is_dated:
            raise ValueError(f"the spans of {self.files} are numbers such as 1-6, not dates such as {spans}")
        if isinstance(spans, SpanRange) and self.is_dated and spans.last > LAST_DAY:
            raise ValueError(
                f"the spans of {self.files} are dates such as 2026-01-31, and {spans} is past the calendar"
            )

    @field_validator("delimiter")
    @classmethod
    def _one_byte(cls, value: str) -> str:
        if not value.isascii() or value in '"\r\n\0':
            raise ValueError(f"a delimiter is one ASCII character and no quote or line break, not {value!r}")
        return value


class Gate(Section):
    """One condition that a model must meet to be blessed, on all rows or on one slice.

    `min` and `max` bound the value; `min_change` bounds value minus baseline, in the direction in which the metric
    improves, so -0.01 means "at most 0.01 worse than the latest blessed model" for every metric.

    `"*"` as a value of the slice means each value of that column or band; all of them have to meet the gate.
    """

    metric: str
    slice: dict[str, str | int] = Field(default_factory=dict)
    min: float | None = None
    max: float | None = None
    min_change: float | None = None

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, value: str) -> str:
        if value not in HIGHER_IS_BETTER:
            raise ValueError(f"{value!r} is not a metric; known metrics are {', '.join(HIGHER_IS_BETTER)}")
        return value

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        bounds = (self.min, self.max, self.min_change)
        if all(bound is None for bound in bounds):
            raise ValueError("a gate needs min, max or min_change")
        if any(bound is not None and not math.isfinite(bound) for bound in bounds):
            raise ValueError("the bounds of a gate must be finite numbers")
        if self.min_change is not None and HIGHER_IS_BETTER[self.metric] is None:
            raise ValueError(
                f"{self.metric} has no better direction: bound it with min and max, not min_change"
            )
        return self

    @property
    def higher_is_better(self) -> bool:
        return HIGHER_IS_BETTER[self.metric] is not False


class Tensor(Section):
    """One named input or output of a signature; `null` in the shape is a dimension of any size."""

    dtype: Literal[  # what the REST of TensorFlow Serving and of the kit takes and gives as JSON; uint16 is not given
        "string", "bool", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"
    ]
    shape: tuple[int | None, ...]


class Signature(Section):
    """What a client may send and will get."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    method: Literal["predict", "classify", "regress"] = Field(
        default="predict", description="TensorFlow Serving's method; every signature answers Predict as well"
    )


class ProjectFile(Section):
    """A whole project.yml."""

    name: str
    title: str = ""
    task: Task
    label: str
    data: Data
    columns: dict[str, Column]
    metrics: tuple[str, ...] = Field(default=(), description="metrics to evaluate; none: all of the task's")
    slices: tuple[tuple[str, ...], ...] = ()
    gates: tuple[Gate, ...] = ()
    evaluation: Evaluation = Evaluation()
    ranking: Ranking | None = None
    checks: Checks = Checks()
    alerts: AlertSettings = AlertSettings()
    monitoring: Monitoring = Monitoring()
    gateway: GatewaySettings = GatewaySettings()
    experiment: ExperimentSettings = ExperimentSettings()
    deploy: DeploySettings = DeploySettings()
    tf1_graph: bool = Field(
        default=False,
        description="whether Transform builds a TF1 graph, which is faster; in one, == and != do not compare "
        "the values of tensors",
    )
    beam: Beam = Beam()
    training: Training = Training()
    tuning: Tuning = Tuning()
    tensorboard: TensorBoardSettings = TensorBoardSettings()
    signatures: dict[str, Signature] = Field(default_factory=dict)
    release: Release = Release()
    retention: Retention = Retention()
    card: CardText = CardText()
    schema_file: str | None = None

    @field_validator("name")
    @classmethod
    def _possible(cls, value: str) -> str:
        return written(
            value, NAME_PATTERN, "a project's name has lowercase letters, digits and _, a letter first"
        )

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        read = [name for name, column in self.columns.items() if column.is_read]
        if self.label not in read:
            raise ValueError(
                f"label {self.label!r} is not among the columns that are read: {', '.join(read)}"
            )
        weights = [name for name in read if self.columns[name].kind == "weight"]
        if len(weights) > 1:
            raise ValueError(
                f"one column can be the weight of the rows, but {', '.join(weights)} have that kind"
            )
        kinds = {name: self.columns[name].kind for name in read}
        check_evaluation(self.evaluation, self.ranking, self.task, kinds)
        cuts: list[Mapping[str, str | int]] = [dict.fromkeys(names, EVERY) for names in self.slices]
        for cut in [*cuts, *(gate.slice for gate in self.gates)]:
            check_slice(cut, self.evaluation.bands, read)
        for name in self.checks.quarantined_features:
            if name not in read:
                raise ValueError(
                    f"checks.quarantine {name!r} is neither all nor unreadable nor among the columns that are "
                    f"read: {', '.join(read)}"
                )
        for name, metric in [
            *(("metrics", m) for m in self.metrics),
            *(("gate on", g.metric) for g in self.gates),
        ]:
            if why := unknown_metric(self.task, self.ranking, metric):
                raise ValueError(f"{name} {metric!r}: {why}")
            if metric not in self.evaluated:
                raise ValueError(f"{name} {metric!r}: metrics has only {', '.join(self.metrics)}")
        return self

    @property
    def evaluated(self) -> tuple[str, ...]:
        """The metrics that Evaluator computes."""
        return self.metrics or default_metrics(self.task, self.ranking)
