"""The quality sections of a model card: metrics, slices, gates and limitations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from kit.card.document import Bar, Bars, Block, Items, Part, Table, Text
from kit.card.provenance import unsaid
from kit.evaluation.gate import GateDesk
from kit.evaluation.gate_checks import CHANGE
from kit.evaluation.names import BASELINE, CANDIDATE
from kit.evaluation.slice_table import slice_columns
from kit.session import Session

_FEW_ROWS = 200  # a metric on fewer varies by some percentage points between samples
_PICTURED = 40  # slices


class Judgement:
    """What the latest evaluation found, as parts of a card."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found = slice_columns(session.path("Evaluator", "evaluation"), session.project)
        self._order = sorted(range(len(self._found["names"])), key=self._place)
        self.desk = GateDesk(session)

    def overall(self) -> Part:
        """Return each metric on all rows, with its interval, beside that of the baseline."""
        row = self._found["overall"]
        blocks: list[Block] = []
        if row is None:
            blocks.append(Text("The evaluation has no entry for all rows."))
        else:
            baseline = {metric["name"]: metric["values"][row] for metric in self._metrics(BASELINE)}
            rows = [
                (
                    metric["name"],
                    _number(metric["values"][row]),
                    _interval(metric, row),
                    _number(baseline.get(metric["name"], math.nan)),
                )
                for metric in self._metrics(CANDIDATE)
            ]
            header = ("metric", "value", "95% interval", "latest blessed model before")
            count = self._found["examples"][row]
            blocks += [
                Text(f"On {count:,.0f} rows held out from training."),
                Table(header, rows, numbers=(1, 2, 3)),
            ]
        return Part("Metrics", blocks)

    def by_slice(self) -> Part:
        """Return every metric on every slice, and a picture of the first."""
        metrics = self._metrics(CANDIDATE)
        header = ("slice", "examples", *(metric["name"] for metric in metrics))
        rows = [
            (
                self._found["names"][place],
                f"{self._found['examples'][place]:,.0f}",
                *(_number(metric["values"][place]) for metric in metrics),
            )
            for place in self._order
        ]
        table = Table(header, rows, numbers=range(1, len(header)))
        bars = [bar for place in self._order[:_PICTURED] if (bar := self._bar(metrics[0], place))]
        picture = [Bars(f"{metrics[0]['name']} by slice", bars)] if len(bars) > 1 else []
        return Part("Metrics by slice", [*picture, table])

    def gates(self) -> Part:
        """Return each threshold, whether it was met, and who decided otherwise."""
        rows = [
            (
                check.metric,
                check.slice,
                f"{check.bound} {check.threshold:g}",
                _number(check.change if check.bound == CHANGE else check.value),
                (check.note or "met") if check.met else "MISSED",
            )
            for check in self.desk.thresholds()
        ]
        header = ("metric", "slice", "threshold", "found", "")
        blocks: list[Block] = [
            Table(header, rows, numbers=(3,), said=(2, 4)) if rows else Text("project.yml has none.")
        ]
        if overridden := self.desk.overridden():
            blocks.append(Text(f"The verdict was overridden by {overridden}"))
        return Part("Gates", blocks)

    def limits(self, found: Sequence[str] = ()) -> Part:
        """Return its known weaknesses: named in project.yml, measured here, and `found` elsewhere."""
        said = self._session.project.spec.card.limits
        known = [*said, *self._small_slices(), *found]
        blocks: list[Block] = [Items(known) if known else Text(unsaid("limits"))]
        if worse := list(self._worse_slices()):
            blocks += [
                Text(
                    "Worse than on all rows, by more than the interval; one slice in forty is so by chance:"
                ),
                Items(worse),
            ]
        return Part("Limits", blocks)

    def _worse_slices(self) -> Iterator[str]:
        """Name the slices whose whole interval is on the bad side of the value on all rows."""
        row, gated = self._found["overall"], {gate.metric for gate in self._session.project.spec.gates}
        for metric in self._metrics(CANDIDATE) if row is not None else []:
            if "lower" not in metric or metric["name"] not in gated:
                continue
            whole, better = metric["values"][row], metric.get("larger_is_better", True)
            outside = metric["upper"] < whole if better else metric["lower"] > whole
            for place in self._order:
                if outside[place] and place != row:
                    yield (
                        f"{metric['name']} on {self._found['names'][place]} is {_number(metric['values'][place])} "
                        f"({_interval(metric, place)}), on all rows {_number(whole)}."
                    )

    def _small_slices(self) -> Iterator[str]:
        small = [place for place in self._order if self._found["examples"][place] < _FEW_ROWS]
        if small:
            names = ", ".join(self._found["names"][place] for place in small)
            yield f"Fewer than {_FEW_ROWS} rows were evaluated of: {names}."

    def _metrics(self, model: str) -> list[dict[str, Any]]:
        metrics: list[dict[str, Any]] = self._found["models"].get(model, [])
        return metrics

    def _place(self, row: int) -> tuple[bool, str, float]:
        """Sort key: all rows first, then by the columns that slice, the larger slices first."""
        return row != self._found["overall"], self._found["cuts"][row], -self._found["examples"][row]

    def _bar(self, metric: dict[str, Any], place: int) -> Bar | None:
        value = float(metric["values"][place])
        if not math.isfinite(value):
            return None
        ends = [float(metric[end][place]) if end in metric else math.nan for end in ("lower", "upper")]
        lower, upper = (end if math.isfinite(end) else None for end in ends)
        return Bar(self._found["names"][place], value, lower, upper)


def _interval(metric: dict[str, Any], place: int) -> str:
    if "lower" not in metric or not math.isfinite(metric["lower"][place]):
        return ""
    return f"{metric['lower'][place]:.4f} to {metric['upper'][place]:.4f}"


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.4f}"
