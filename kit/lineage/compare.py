"""Compare two runs of a component: their settings, their inputs, and the quality of the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kit.errors import UsageError
from kit.lineage.graph import Graph, Node
from kit.steps.properties import NOT_SET

Part = Literal["parameter", "input", "metric"]


class ComparisonError(UsageError):
    """Two runs cannot be compared."""


@dataclass(frozen=True)
class Difference:
    """One parameter, input or metric in two runs, as text; what only one of them has is `not set` in the other."""

    part: Part
    name: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        return self.first != self.second


def compare_runs(graph: Graph, first: str, second: str) -> list[Difference]:
    """Return everything that two executions of a component have, given their keys.

    Raises:
        ComparisonError: when they are not two executions of the same component.
    """
    one, other = graph.nodes[first], graph.nodes[second]
    if second not in graph.runs_like(first):
        raise ComparisonError(
            f"Two runs of one component can be compared, but these are {one.name} ({one.key}) and "
            f"{other.name} ({other.key}). Choose another run of {one.name}."
        )
    return [
        *_rows("parameter", one.properties, other.properties),
        *_rows("input", _inputs(graph, first), _inputs(graph, second)),
        *_rows("metric", metrics_of(graph, first), metrics_of(graph, second)),
    ]


def _rows(part: Part, first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    names = dict.fromkeys([*first, *second])
    return [Difference(part, name, first.get(name, NOT_SET), second.get(name, NOT_SET)) for name in names]


def _inputs(graph: Graph, run: str) -> dict[str, str]:
    """Return the ids of the artifacts by the name of the input, which may have several."""
    inputs: dict[str, list[str]] = {}
    for key, name in graph.inputs(run).items():
        inputs.setdefault(name or graph.nodes[key].name, []).append(key)
    return {name: ", ".join(sorted(keys)) for name, keys in sorted(inputs.items())}


def metrics_of(graph: Graph, run: str) -> dict[str, str]:
    """Return the metrics of an execution's outputs, by artifact and metric.

    Reading an evaluation imports TensorFlow Model Analysis, which takes seconds.
    """
    found: dict[str, str] = {}
    for artifact in map(graph.nodes.__getitem__, graph.outputs(run)):
        read = _READERS.get(artifact.type)
        metrics = read(artifact) if read else {}
        found |= {f"{artifact.name}.{name}": f"{value:.6g}" for name, value in sorted(metrics.items())}
    return found


def _evaluated(evaluation: Node) -> dict[str, float]:
    from kit.evaluation.results import load_slices  # noqa: PLC0415  TFMA takes seconds to import

    return dict(load_slices(Path(evaluation.uri))).get((), {}) if Path(evaluation.uri).exists() else {}


def _last_epoch(model_run: Node) -> dict[str, float]:
    from kit.training.curves import read_curves  # noqa: PLC0415  so does TensorFlow

    curves = read_curves(Path(model_run.uri)) if Path(model_run.uri).exists() else None
    if curves is None or curves.empty:
        return {}
    return {str(name): float(value) for name, value in curves.iloc[-1].items()}


def _blessed(blessing: Node) -> dict[str, float]:
    return {"blessed": float(blessing.properties["blessed"])} if "blessed" in blessing.properties else {}


# The metrics of an artifact; one that is gone from the disk has none.
_READERS: dict[str, Callable[[Node], dict[str, float]]] = {
    "ModelBlessing": _blessed,
    "ModelEvaluation": _evaluated,
    "ModelRun": _last_epoch,
}
