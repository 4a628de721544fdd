"""Write the files of a new project, from the templates beside this module and what the data show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from kit.new.kinds import Verdict
from kit.new.label import Label
from kit.new.names import safe_names
from kit.new.signatures import promised
from kit.strict_yaml import in_one_line

_TEMPLATES = Path(__file__).parent / "templates"
_SLICE_VALUES = 10
_SLICES = 2
_SMALLEST_SLICE = (10, 100)
# Rows up to which a batch size is taken.
_BATCH_SIZES = {2_000: 32, 20_000: 64, 100_000: 128, 500_000: 256, 2_000_000: 1024}
_LARGEST_BATCH = 4096
_STEPS = 3_000
_MOST_EPOCHS = 8  # in more, a table of some hundred rows would be learnt by heart
_TRAIN_SHARE = 2 / 3

_HEADS = {
    "binary": '    output = tf_keras.layers.Dense(1, activation="sigmoid", name="score")(hidden)',
    "multiclass": '    output = tf_keras.layers.Dense(len(features.CLASSES), activation="softmax")(hidden)',
    "regression": (
        "    standardised = tf_keras.layers.Dense(1)(hidden)\n"
        '    output = tf_keras.layers.Rescaling(LABEL_DEVIATION, LABEL_MEAN, name="score")(standardised)'
    ),
}
_LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mse",
}
_METRICS = {
    "binary": 'tf_keras.metrics.AUC(name="auc")',
    "multiclass": 'tf_keras.metrics.SparseCategoricalAccuracy(name="accuracy")',
    "regression": 'tf_keras.metrics.MeanAbsoluteError(name="mae")',
}


@dataclass(frozen=True)
class Plan:
    """The content of the files, before it is written."""

    name: str
    files: str
    """As data.files of project.yml has it."""
    file_format: str
    delimiter: str
    spans: tuple[str, str] | None
    """Train and eval spans."""
    rows: int
    verdicts: Mapping[str, Verdict]
    label: Label
    never_negative: tuple[str, ...] = ()
    """Numbers of which no row that was looked at is below zero."""

    def of_kind(self, *kinds: str) -> dict[str, Verdict]:
        return {name: verdict for name, verdict in self.verdicts.items() if verdict.kind in kinds}


def features_code(plan: Plan) -> str:
    """Return features.py."""
    label = plan.label
    names = safe_names(plan.of_kind("number", "category", "id", "text", "date", "timestamp"), {label.name})

    def group(kind: str) -> dict[str, Any]:
        return {column: names[column] for column in plan.of_kind(kind)}

    gaps = {column: names[column] for column, verdict in plan.of_kind("number").items() if verdict.missing}
    dates = {column: (names[column], verdict.date_format) for column, verdict in plan.of_kind("date").items()}
    times = {column: (names[column], verdict.units) for column, verdict in plan.of_kind("timestamp").items()}
    regression = label.task == "regression"
    value = (
        f"tf.cast(fill_missing(inputs[{_quoted(label.name)}], 0), tf.float32)"
        if regression
        else f"tables.class_index(inputs[{_quoted(label.name)}], CLASSES)"
    )
    return _fill(
        "features",
        file=in_docstring(Path(plan.files).name),
        numbers=_literal(group("number")),
        gaps=_literal(gaps),
        categories=_literal(group("category")),
        ids=_literal(group("id")),
        texts=_literal(group("text")),
        dates=_literal(dates),
        timestamps=_literal(times),
        classes=_classes_code(label),
        label_key=_quoted(f"{label.name}_xf"),
        label_value=value,
    )


def model_code(plan: Plan) -> str:
    """Return model.py."""
    label = plan.label
    gives = {
        "binary": f"the probability of {_plain(label.classes[-1]) if label.classes else ''} [batch, 1]",
        "multiclass": "a probability for each of features.CLASSES [batch, classes]",
        "regression": f"{in_docstring(label.name)} [batch, 1]",
    }
    constants = ""
    if label.task == "regression":
        constants = (
            "# The label in the rows that `kit new` saw; the network learns it in units of its standard deviation.\n"
            f"LABEL_MEAN, LABEL_DEVIATION = {label.mean:.6g}, {math.sqrt(label.variance):.6g}\n"
        )
    return _fill(
        "model",
        name=plan.name,
        gives=gives[label.task],
        constants=constants,
        head=_HEADS[label.task],
        loss=_LOSSES[label.task],
        metric=_METRICS[label.task],
    )


def project_yml(plan: Plan) -> str:
    """Return project.yml."""
    data: dict[str, Any] = {"files": plan.files}
    if plan.file_format == "parquet":
        data["format"] = "parquet"
    if plan.delimiter != ",":
        data["delimiter"] = plan.delimiter
    if plan.spans:
        data["train_spans"], data["eval_spans"] = plan.spans
    columns = "".join(_column_line(name, plan) for name in plan.verdicts)
    slices = "".join(f"  - {in_one_line([name])}\n" for name in _slices(plan)) or "  []\n"
    gates = "".join(f"  - {in_one_line(gate)}\n" for gate in plan.label.gates)
    return _fill(
        "project",
        name=plan.name,
        rows=f"{plan.rows:,}",
        task=plan.label.task,
        label=in_one_line(plan.label.name),
        data="".join(f"  {in_one_line({key: value})[1:-1]}\n" for key, value in data.items()),
        columns=columns,
        slices=slices,
        evaluation="".join(f"  {line}\n" for line in _evaluation(plan)) + _ranking(plan),
        checks="".join(f"  {line}\n" for line in _checks(plan)),
        gates=gates,
        signatures="".join(
            f"  {in_one_line({name: one})[1:-1]}\n" for name, one in promised(plan.label).items()
        ),
        training="".join(f"  {key}: {value}\n" for key, value in training(plan.rows).items()),
    )


def _checks(plan: Plan) -> list[str]:
    """Return the checks that apply; none ends a batch before a person has seen its findings."""
    lines = [
        "drift: {severity: warn, default: 0.1}  # 0 to 1; `kit drift propose` finds one for each feature"
    ]
    if plan.label.task != "regression" and _slices(plan):
        lines.append(
            "label_rates: warn  # the share of each class of the label in each slice, eval against train"
        )
    lines.append("leakage: warn  # a feature that alone predicts the label too well")
    if plan.of_kind("key"):
        lines.append("shared_keys: warn  # keys that are both in train and in eval")
    if plan.spans:
        lines.append("volume: warn  # number of rows of a span, against the spans of train")
    if plan.never_negative:
        lines.append("validations:  # what must be true of the statistics of each delivery")
    for name in plan.never_negative:
        rule = {"feature": name, "expression": "feature.num_stats.min >= 0", "severity": "warn"}
        lines.append(f"  - {in_one_line(rule)}")
    return lines


def _evaluation(plan: Plan) -> list[str]:
    """Return the smallest slice, some hundredths of the evaluated rows, and other settings of evaluation."""
    rows = round(plan.rows * (1 - _TRAIN_SHARE) / 100)
    least, most = _SMALLEST_SLICE
    lines = [
        f"min_slice_size: {max(least, min(most, rows))}",
        "# intervals: bootstrap  # or jackknife: 95% confidence intervals of every metric, from resampled rows",
    ]
    if numbers := list(plan.of_kind("number")):
        example = {"low_and_high": {"column": numbers[0], "edges": [0]}}
        lines.append(f"# bands: {in_one_line(example)}  # ranges of a number as slices, cut where you like")
    return lines


def _ranking(plan: Plan) -> str:
    """Return a commented ranking section if the columns look like lists: only the user can know."""
    queries, items = plan.of_kind("key"), [name for name in plan.of_kind("id") if name != plan.label.name]
    if plan.label.task != "binary" or not queries or not items:
        return ""
    lists = in_one_line({"query": next(iter(queries)), "item": items[0], "k": 10})
    return f"\n# If the rows of a key form a list that the model orders:\n# ranking: {lists}\n"


def training(rows: int) -> dict[str, float]:
    """Return epochs and a batch size for some thousand steps: enough to learn, short enough to wait for."""
    batch_size = next((size for most, size in _BATCH_SIZES.items() if rows <= most), _LARGEST_BATCH)
    steps = max(1, round(rows * _TRAIN_SHARE / batch_size))
    return {
        "epochs": max(1, min(_MOST_EPOCHS, round(_STEPS / steps))),
        "batch_size": batch_size,
        "learning_rate": 0.002,
    }


def _slices(plan: Plan) -> list[str]:
    """Choose the categories with the fewest values: their slices hold enough rows to say something."""
    few = {
        name: verdict.distinct
        for name, verdict in plan.of_kind("category").items()
        if 1 < verdict.distinct <= _SLICE_VALUES
    }
    return sorted(few, key=lambda name: few[name])[:_SLICES]


def _column_line(name: str, plan: Plan) -> str:
    if name == plan.label.name:
        entry: Any = {"kind": "label", "dtype": plan.label.dtype}
        why = plan.label.why
    else:
        verdict = plan.verdicts[name]
        entry, why = {"kind": verdict.kind}, verdict.why
        if verdict.kind in {"category", "id", "key"} and verdict.dtype != "string":
            entry["dtype"] = verdict.dtype
        if verdict.date_format:
            entry["format"] = verdict.date_format
        if verdict.missing:
            why += f"; {verdict.missing:,} missing"
        entry = entry if len(entry) > 1 else verdict.kind
    comment = " ".join(why.split())
    return f"  {in_one_line({name: entry})[1:-1]}  # {comment}\n"


def _literal(group: Mapping[str, Any]) -> str:
    if not group:
        return "{}"
    lines = (f"    {_quoted(key)}: {_value(value)},\n" for key, value in group.items())
    return "{\n" + "".join(lines) + "}"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_value(part) for part in value)})"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """Quote as formatters do, with double quotes."""
    quoted = repr(text)
    return f'"{quoted[1:-1]}"' if quoted[0] == "'" and '"' not in text and "\\" not in quoted else quoted


def _classes_code(label: Label) -> str:
    if label.task == "regression":
        return ""
    lines = "".join(f"    {_value(value)},\n" for value in label.classes)
    what = (
        "the model gives the probability of the second"
        if label.task == "binary"
        else "in the order of the output"
    )
    return f"# The values of the label; {what}.\nCLASSES = (\n{lines})\n"


def _plain(value: Any) -> str:
    return in_docstring(_value(value))


def in_docstring(text: str) -> str:
    return text.replace("\\", "/").replace('"""', "'''").replace("\n", " ")


def _fill(template: str, **parts: str) -> str:
    return Template((_TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(parts)
