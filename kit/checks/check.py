"""The interface of a check, and the findings that it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from kit.checks.config import Severity
from kit.translation.row import Row, row_of

if TYPE_CHECKING:  # a finding is a plain value; rows are read with TensorFlow's libraries
    from kit.checks.rows import Rows

State = Literal["ok", "skip", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One result of a check, good or bad.

    Attributes:
        check: its name.
        found: the finding, a sentence with the numbers.
        state: `fail` must end a batch; `skip`: the data have nothing that could be checked.
        what_to_do: empty where nothing is wrong.
        subject: the feature or slice that it is about, such as `price` or `category=pets`; with the name of the check
            it identifies the incident, whatever the numbers. Empty: all of the data.
        value: what was measured, where that is one number.
        expected: what it should have been, in words with the numbers.
        rows: some of the rows at fault, every column as text.
        shares: the share of each value of its column, in train and now; empty: it is not about a share.
    """

    check: str
    found: str
    state: State
    what_to_do: str = ""
    subject: str = ""
    value: float | None = None
    expected: str = ""
    rows: tuple[Mapping[str, str], ...] = ()
    shares: tuple[tuple[str, float, float], ...] = ()

    @property
    def is_wrong(self) -> bool:
        return self.state in {"warn", "fail"}

    def as_row(self) -> Row:
        """Return name, what was found, state and what to do, for a view."""
        return row_of(self.check, self.found, self.state, self.what_to_do)


class Check(Protocol):
    """Gets all rows once, those of train before those of eval, and then reports its findings."""

    severity: Severity

    def add(self, split: str, rows: Rows) -> None:
        """Take some rows."""

    def findings(self) -> list[Finding]:
        """Return one finding per incident, or a single one that says that all is well, or why nothing was checked."""


def judged_data(span: int | None, label_of: Callable[[int], str]) -> str:
    """Return what findings call the judged rows of a span; None: a project without spans has only eval."""
    return "eval" if span is None else f"span {label_of(span)}"


def wrong(severity: Severity) -> State:
    """Return the state of a finding that something is wrong."""
    return "fail" if severity == "block" else "warn"
