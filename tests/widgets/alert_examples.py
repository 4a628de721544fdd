"""Alerts for the tests of their view, and a callable that stands for what kit would do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from widget_examples import HOSTILE

from widgets.evidence import Pictures
from widgets.values.alerts import Alert

_SPLIT = {
    "present": 900.0,
    "missing": 100.0,
    "values": 900.0,
    "numbers": None,
    "texts": None,
    "lengths": None,
}
SUMMARY = {
    "examples": {"train": 1000.0, "eval": 1000.0},
    "features": [
        {
            "name": "price",
            "kind": "number",
            "splits": {
                name: {
                    **_SPLIT,
                    "numbers": {"histogram": {"edges": (0.0, 50.0, top), "counts": (70.0, 30.0)}},
                }
                for name, top in (("train", 100.0), ("eval", 10_000.0))
            },
        },
        {
            "name": "category",
            "kind": "text",
            "splits": {
                name: {**_SPLIT, "missing": 0.0, "texts": {"top": (("pets", count), ("toys & <co>", 40.0))}}
                for name, count in (("train", 60.0), ("eval", 2.0))
            },
        },
    ],
}


def few_alerts() -> list[Alert]:
    """One with all evidence, one that was acknowledged, one without a subject that is muted."""
    draw = Pictures(SUMMARY)
    return [
        Alert(
            "0123456789ab",
            "open",
            "fail",
            "span 8",
            "drift",
            "price",
            "price is 0.91 from train",
            "at most 0.1",
            "Look at what was delivered.",
            3,
            1_767_268_800.0,
            1_767_355_200.0,
            notebook="file:///runs/20260101/01_data.ipynb",
            picture=draw("price"),
            rows=({"price": "4200", "item_id": "i7"}, {"price": "1300", "item_id": "<b>"}),
        ),
        Alert(
            "ba9876543210",
            "acknowledged",
            "warn",
            "span 8",
            "label rates",
            "category=pets",
            "clicked is 1 in 0.0% of 398 rows",
            decided="acknowledge: Bo, 2026-01-02 08:00 UTC: the shop knows",
            picture=draw("category=pets"),
        ),
        Alert("feedfeedfeed", "open", "warn", "span 8", "volume", "", "40 rows", muted_until=1_767_400_000.0),
    ]


def hostile_alerts() -> list[Alert]:
    return [
        Alert(text, "open", text, text, text, text, text, text, text, rows=({text: text},), picture=text)
        for text in HOSTILE
    ]


@dataclass
class Desk:
    """Takes decisions as kit's desk does, and gives the alerts as they are then."""

    alerts: list[Alert] = field(default_factory=few_alerts)

    def decide(self, id_: str, what: str, who: str, why: str, until: str) -> str:
        if not who or not why:
            raise ValueError(f"To {what} an alert needs a name and a reason.")
        if what == "mute" and not until:
            raise ValueError("A mute needs its last day, such as 2026-01-31.")
        decided = f"{what}: {who}: {why} {until}".strip()
        state: Literal["open", "acknowledged"] = "acknowledged" if what == "acknowledge" else "open"
        self.alerts = [
            replace(one, state=state, decided=decided) if one.id == id_ else one for one in self.alerts
        ]
        return decided

    def again(self) -> list[Alert]:
        return self.alerts
