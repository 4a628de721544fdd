"""The content of TensorFlow's and TFX's own files as plain values, which can be read without TensorFlow."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import tensorflow_model_analysis as tfma
from google.protobuf import json_format

from kit.data.validation import read_anomalies
from kit.evaluation.gate_checks import slice_name
from kit.evaluation.results import load_slices
from kit.release.contract import read_meta_graph, signatures_of


def slices_of(evaluation: Path) -> dict[str, dict[str, float | None]]:
    """Return the metrics of each slice; a metric that a slice has none of is None."""
    return {
        slice_name(key): {name: _number(value) for name, value in sorted(metrics.items())}
        for key, metrics in load_slices(evaluation)
    }


def verdict_of(evaluation: Path) -> dict[str, Any]:
    """Return TFMA's verdict at that time, with its thresholds."""
    config = json.loads((evaluation / "eval_config.json").read_text())
    found = json_format.MessageToDict(tfma.load_validation_result(str(evaluation)))
    return {"validation": found, "eval_config": config}


def anomalies_of(folder: Path) -> list[dict[str, str]]:
    """Return the anomalies that were found, a row each; empty: none."""
    return [{name: str(value) for name, value in row._asdict().items()} for row in read_anomalies(folder)]


def signatures_of_version(folder: Path) -> dict[str, Any]:
    """Return the signatures of a SavedModel by their names."""
    return {
        name: {"inputs": _texts(one.inputs), "outputs": _texts(one.outputs), "method": one.method}
        for name, one in signatures_of(read_meta_graph(folder)).items()
    }


def _texts(tensors: Any) -> dict[str, str]:
    return {name: str(tensor) for name, tensor in tensors.items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
