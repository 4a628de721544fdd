"""The plain values of views in which a person decides: anomalies, schema rules, gate thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Decide: TypeAlias = Callable[[str, str, str, str], str]
"""Takes key, `ignore`, `accept` or `block`, name and reason; gives what was done, or raises an error that tells why
not."""

Edits: TypeAlias = Mapping[str, Mapping[str, str]]  # feature, field, text

Rows: TypeAlias = Sequence[tuple[str, str, str, str]]

Check: TypeAlias = Callable[[Edits], tuple[Edits, Rows, Rows]]
"""Takes edits; gives what is wrong with each, the differences (feature, field, saved, new) and the anomalies that are
left (split, feature, what, found)."""

Save: TypeAlias = Callable[[Edits, str, str], str]
"""Takes edits, name and reason; gives what was done, or raises an error that says why not."""

Override: TypeAlias = Callable[[str, str], str]
"""Takes name and reason; gives who, when and why, or raises an error that says why not."""


@dataclass(frozen=True)
class Anomaly:
    """One way in which data do not follow their schema.

    Attributes:
        key: its name in decisions.
        severity: `error` or `warning`.
        split: the split that it was found in.
        feature: the feature that it is about.
        what: the anomaly, in two or three words.
        found: the finding, a sentence.
        of: rows of the split; 0: not known.
        rows: how many of them are at fault; None: it concerns all rows together.
        at_fault: the most frequent values at fault, and how often each is there.
        examples: some rows at fault: the index in the split, from 0, and every column as text.
        decided: `ignore`, `accept` or `block`; empty: nothing yet.
        decision: who, when and why.
    """

    key: str
    severity: Literal["error", "warning"]
    split: str
    feature: str
    what: str
    found: str
    of: int = 0
    rows: int | None = None
    at_fault: tuple[tuple[str, int], ...] = ()
    examples: tuple[tuple[int, Mapping[str, str]], ...] = ()
    decided: str = ""
    decision: str = ""


@dataclass(frozen=True)
class Rule:
    """What a schema says about one feature, as texts; an empty one is no rule.

    Attributes:
        feature: its name.
        type: `BYTES`, `INT` or `FLOAT`.
        presence: the least share of examples that have it.
        least: the least value of a number.
        most: the greatest value of a number.
        values: the allowed texts, with commas between them.
        drift: the greatest distance to an earlier span.
        skew: the greatest distance between training and serving.
    """

    feature: str
    type: str
    presence: str = ""
    least: str = ""
    most: str = ""
    values: str = ""
    drift: str = ""
    skew: str = ""


@dataclass(frozen=True)
class Threshold:
    """One threshold of a gate, and how a model does against it.

    Attributes:
        metric: its name.
        slice: the rows it was computed on.
        bound: how the threshold is meant, such as `at least` or `change at least`.
        threshold: its value.
        value: the value of the model; None: it could not be computed.
        baseline: the value of the model that it is compared with; None: there is none.
        change: how much better the value is than the baseline's; negative: worse.
        limit: the value that would just meet the threshold; None: there is none.
        margin: how far on the good side it is; None: there is nothing to compare.
        met: whether it lets the model pass.
        note: why the value decides nothing, such as `40 rows, 100 needed`; empty: it decides.
    """

    metric: str
    slice: str
    bound: str
    threshold: float
    value: float | None
    baseline: float | None
    change: float | None
    limit: float | None
    margin: float | None
    met: bool
    note: str = ""
