"""Plain values for the fault lab, and callables that stand for what judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from widget_examples import HOSTILE

from widgets.fault_lab import FaultLab
from widgets.values.faults import FaultChoice, Smallest

FAULTS = (
    FaultChoice("unit-change", "One source delivers in cents.", ("price", "age")),
    FaultChoice("new-value", "A client is new.", ("city",)),
    FaultChoice("duplicated-rows", "A file is loaded twice."),
)
_ROWS = 4_000


@dataclass
class Judge:
    """Stands for kit: catches what is in 1% of the rows or more, and knows no column `broken`."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def inject(self, fault: str, column: str, share: float, seed: int) -> Mapping[str, Any]:
        self.calls.append(("inject", fault, column, share, seed))
        if column == "broken":
            raise ValueError("There must be values above zero in broken, but there are none.")
        said = {
            "check": "schema",
            "about": column,
            "found": f"values of {column} are out of range",
            "expected": "0 to 1,000",
            "stops": share >= 0.05,
        }
        return {
            "rows": round(share * _ROWS),
            "of": _ROWS,
            "days": "span 7",
            "said": [said] if share >= 0.01 else [],
            "picture": picture(column) if column else None,
            "note": "" if column else "4,000 rows before, 4,200 after.",
        }

    def search(self, fault: str, column: str, seed: int) -> Mapping[str, Any]:
        self.calls.append(("search", fault, column, seed))
        if column == "broken":
            raise ValueError("There is nothing to hit.")
        found = {"fault": fault, "column": column, "of": _ROWS, "most": 0.05}
        if fault == "new-value":
            return {**found, "share": None, "rows": 0, "caught_by": ()}
        return {**found, "share": 0.00025, "rows": 1, "caught_by": (f"schema ({column})",)}


def picture(column: str) -> dict[str, Any]:
    if column in {"price", "age"}:
        splits = {name: _numbers(most) for name, most in (("before", 40.0), ("after", 4_000.0))}
        return {"name": column, "kind": "number", "splits": splits}
    words = {"before": (("Rom", 3_000.0), ("東京", 1_000.0)), "after": (("Rom", 2_900.0), ("new", 200.0))}
    splits = {
        name: {"present": 4_000, "missing": 0, "texts": {"top": top, "distinct": 2}}
        for name, top in words.items()
    }
    return {"name": column, "kind": "text", "splits": splits}


def _numbers(most: float) -> dict[str, Any]:
    histogram = {"edges": (0.0, most / 2, most), "counts": (3_900.0, 50.0)}
    return {
        "present": 3_950,
        "missing": 50,
        "values": 3_950,
        "numbers": {"histogram": histogram, "quantiles": (0.0, most / 4, most)},
    }


def fault_lab(judge: Judge | None = None, faults: Sequence[FaultChoice] = FAULTS, **state: Any) -> FaultLab:
    judge = judge or Judge()
    return FaultLab(faults, judge.inject, judge.search, **state)


def searched() -> FaultLab:
    """The lab of a notebook: one fault that was tried, and all that were searched."""
    shares = [
        Smallest("unit-change", "price", 0.00025, 1, _ROWS, ["schema (price)"], 0.05),
        Smallest("new-value", "city", None, 0, 0, [], 0.05),
        Smallest("late-day", "", None, 0, 0, [], 0.05, "it fits no column"),
    ]
    return fault_lab(shares=shares, asked=["inject"])


def many_columns(amount: int = 500) -> FaultLab:
    names = [f"column_{number:03}" for number in range(amount)]
    faults = [FaultChoice(f"fault_{number:03}", "It happens.", names) for number in range(60)]
    return fault_lab(faults=faults, asked=["all"])


def many_findings(amount: int = 5_000) -> FaultLab:
    said = [
        {"check": f"check {number}", "about": f"city={number}", "found": "too far " * 100, "expected": "near"}
        for number in range(amount)
    ]

    def inject(*_dose: object) -> Mapping[str, Any]:
        return {"rows": 200, "of": _ROWS, "days": "span 7", "said": said, "picture": picture("price")}

    return FaultLab(FAULTS, inject, Judge().search, asked=["inject"])


def hostile_lab() -> FaultLab:
    """A lab whose every text would do harm if it were taken for markup."""

    def inject(*_dose: object) -> Mapping[str, Any]:
        said = [dict.fromkeys(("check", "about", "found", "expected"), text) for text in HOSTILE]
        splits = {
            name: {"present": 10, "missing": 0, "texts": {"top": tuple((text, 2.0) for text in HOSTILE)}}
            for name in ("before", "after")
        }
        drawn = {"name": HOSTILE[0], "kind": "text", "splits": splits}
        return {"rows": 1, "of": 2, "days": HOSTILE[1], "said": said, "picture": drawn, "note": HOSTILE[2]}

    shares = [Smallest(text, text, 0.01, 1, 2, [text], 0.05) for text in HOSTILE]
    shares += [Smallest(f"why {text}", text, None, 0, 0, [], 0.05, text) for text in HOSTILE]
    faults = [FaultChoice(text, text, HOSTILE) for text in HOSTILE]
    return FaultLab(faults, inject, Judge().search, shares, asked=["inject"])
