"""Plain values for the views in which a person decides, and the callables that stand for what kit would do."""

from __future__ import annotations

from dataclasses import dataclass, field

from widget_examples import HOSTILE

from widgets.values.decisions import Anomaly, Edits, Rows, Rule, Threshold

_ROW = {"age": "-39", "city": "東京", "device": "smart-tv", "note": ""}


def few_anomalies() -> list[Anomaly]:
    """One of every kind: rows with values, rows without, all rows together, a warning, and one decided about."""
    return [
        Anomaly(
            "eval/age/LOW",
            "error",
            "eval",
            "age",
            "Out-of-range values",
            "Unexpectedly small value: -71.",
            4_000,
            200,
            (("-31", 9), ("-29", 8), ("-25", 8), ("-35", 7)),
            ((0, _ROW), (17, {**_ROW, "age": "-31"})),
        ),
        Anomaly(
            "new", "warning", "train", "note", "New column", "Not in the schema.", 12_000, 3, (("a", 3),)
        ),
        Anomaly(
            "eval/city/MISSING",
            "error",
            "eval",
            "city",
            "Column dropped",
            "Present in 50% of the examples.",
            4_000,
            2_000,
            (),
            ((3, {**_ROW, "city": ""}),),
            "block",
            "Bo, 2026-03-01 12:00 UTC: the till is being mended",
        ),
        Anomaly("eval/device/DRIFT", "error", "eval", "device", "High distance", "0.31 is above 0.1."),
    ]


def many_anomalies(amount: int = 500) -> list[Anomaly]:
    """As many, each with three rows of 40 columns."""
    row = {f"column_{number}": f"value {number}" for number in range(40)}
    return [
        Anomaly(
            f"key {number}",
            "warning" if number % 5 == 0 else "error",
            "eval",
            f"feature_{number:03}",
            "Unexpected string values",
            f"Examples contain values missing from the schema: v{number}.",
            10_000,
            number,
            (("v", number),),
            tuple((place, row) for place in range(3)),
        )
        for number in range(amount)
    ]


def hostile_anomalies() -> list[Anomaly]:
    """Anomalies whose every text would do harm if it were taken for markup."""
    return [
        Anomaly(
            text, "error", text, text, text, text, 10, 5, ((text, 5),), ((0, {text: text}),), "ignore", text
        )
        for text in HOSTILE
    ]


def few_rules() -> list[Rule]:
    return [
        Rule("age", "INT", "0.98", "13", "120", drift="0.1"),
        Rule("price", "FLOAT", "1", "0.5"),
        Rule("city", "BYTES", "0.95", values='Rom, 東京, "Bad Ems, Lahn"', skew="0.2"),
        Rule("note", "BYTES"),
    ]


def many_rules(amount: int = 500) -> list[Rule]:
    values = ", ".join(f"value {number}" for number in range(30))
    return [
        Rule(f"feature_{number:03}", "BYTES", "0.9", values=values)
        if number % 2
        else Rule(f"feature_{number:03}", "INT", "1", "0", str(number))
        for number in range(amount)
    ]


def hostile_rules() -> list[Rule]:
    return [Rule(text, "BYTES", text, values=text, drift=text, skew=text) for text in HOSTILE]


@dataclass
class Desk:
    """Stands for kit: finds presence above 1 wrong, the age anomalous below 20, and refuses to save without a name."""

    rules: list[Rule] = field(default_factory=few_rules)
    calls: list[tuple[object, ...]] = field(default_factory=list)

    def check(self, edits: Edits) -> tuple[Edits, Rows, Rows]:
        self.calls.append(("check", edits))
        saved = {rule.feature: rule for rule in self.rules}
        wrong = {
            feature: {"presence": f"this is a share from 0 to 1, not {fields['presence']}"}
            for feature, fields in edits.items()
            if float(fields.get("presence") or 0) > 1
        }
        changes = [
            (feature, name, getattr(saved[feature], name), text)
            for feature, fields in edits.items()
            for name, text in fields.items()
            if name not in wrong.get(feature, {})
        ]
        least = edits.get("age", {}).get("least", "13")
        anomalies = [("eval", "age", "Out-of-range values", "small value: 5")] if least == "13" else []
        return wrong, changes, anomalies

    def save(self, edits: Edits, who: str, why: str) -> str:
        self._sign("save", edits, who, why)
        return f"{len(edits)} saved by {who}: {why}."

    def decide(self, key: str, action: str, who: str, why: str) -> str:
        self._sign(action, key, who, why)
        return f"{action} by {who}: {why}."

    def override(self, who: str, why: str) -> str:
        self._sign("override", "", who, why)
        return f"{who}: {why}"

    def _sign(self, action: str, what: object, who: str, why: str) -> None:
        self.calls.append((action, what, who, why))
        if not who:
            raise ValueError(f"To {action} needs a name, but none was given. Write it, and decide again.")


def few_thresholds() -> list[Threshold]:
    """One met, one missed, one on a slice without rows, and changes with and without a baseline."""
    return [
        Threshold("auc", "all rows", "at least", 0.75, 0.8123, 0.8, 0.0123, 0.75, 0.0623, met=True),
        Threshold("auc", "city=東京", "at least", 0.8, 0.781, 0.79, -0.009, 0.8, -0.019, met=False),
        Threshold("logloss", "all rows", "change at least", -0.01, 0.43, 0.41, -0.02, 0.42, -0.01, met=False),
        Threshold("accuracy", "city=Rom", "change at least", 0.0, 0.9, None, None, None, None, met=True),
        Threshold("auc", "city=Atlantis", "at least", 0.5, None, None, None, 0.5, None, met=False),
    ]


def many_thresholds(amount: int = 500) -> list[Threshold]:
    return [
        Threshold(
            "auc", f"city=C{number}", "at least", 0.5, number / amount, 0.5, number / amount - 0.5, 0.5,
            number / amount - 0.5, met=number / amount > 0.5,
        )
        for number in range(amount)
    ]  # fmt: skip


def hostile_thresholds() -> list[Threshold]:
    return [Threshold(text, text, text, 0.5, 0.4, 0.4, 0.0, 0.5, -0.1, met=False) for text in HOSTILE]


VERDICT = "Not blessed: 3 of 5 thresholds are missed, the widest by 0.019 (auc on city=東京, at least 0.8)."
