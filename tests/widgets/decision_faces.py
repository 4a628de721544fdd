"""The views in which a person decides, with whatever they may be given."""

from __future__ import annotations

from collections.abc import Callable

from decision_examples import (
    Desk,
    few_anomalies,
    few_rules,
    few_thresholds,
    hostile_anomalies,
    hostile_rules,
    hostile_thresholds,
    many_anomalies,
    many_rules,
    many_thresholds,
)
from widget_examples import HOSTILE

from widgets.anomalies import Anomalies
from widgets.gate import Gate
from widgets.schema_editor import SchemaEditor
from widgets.values.decisions import Anomaly, Edits, Rows, Rule, Threshold
from widgets.view import View


def _hostile_check(_: Edits) -> tuple[Edits, Rows, Rows]:
    row = (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3])
    return {HOSTILE[0]: {"presence": HOSTILE[4]}}, [row], [row]


def _nothing(_: Edits) -> tuple[Edits, Rows, Rows]:
    return {}, [], []


FACES: dict[str, Callable[[], View]] = {
    "anomalies empty": lambda: Anomalies([], Desk().decide),
    "anomalies one row": lambda: Anomalies([few_anomalies()[0]], Desk().decide),
    "anomalies all missing": lambda: Anomalies([Anomaly("", "error", "", "", "", "")], opened="x"),
    "anomalies 500 features": lambda: Anomalies(many_anomalies(), Desk().decide, opened="key 1"),
    "anomalies 5000 features": lambda: Anomalies(many_anomalies(5_000)),
    "anomalies hostile": lambda: Anomalies(
        hostile_anomalies(), Desk().decide, opened=HOSTILE[0], who=HOSTILE[0], why=HOSTILE[1]
    ),
    "gate empty": lambda: Gate([], "Blessed: there are no gates.", passed=True),
    "gate one row": lambda: Gate(few_thresholds()[:1], "Blessed.", passed=True),
    "gate all missing": lambda: Gate(
        [Threshold("auc", "all rows", "at least", 0.5, None, None, None, None, None, met=False)],
        "",
        passed=False,
    ),
    "gate 500 rows": lambda: Gate(many_thresholds(), "Not blessed.", passed=False, override=Desk().override),
    "gate hostile": lambda: Gate(
        hostile_thresholds(), HOSTILE[0], passed=False, overridden=HOSTILE[1], override=Desk().override
    ),
    "schema empty": lambda: SchemaEditor([], _nothing),
    "schema one row": lambda: SchemaEditor(few_rules()[:1], Desk().check, Desk().save),
    "schema all missing": lambda: SchemaEditor([Rule("x", "")], _nothing),
    "schema 500 features": lambda: SchemaEditor(many_rules(), _nothing, Desk().save),
    "schema hostile": lambda: SchemaEditor(
        hostile_rules(), _hostile_check, edits={HOSTILE[0]: {"presence": HOSTILE[3]}}, who=HOSTILE[2]
    ),
}
