"""The fault lab: put a fault into a copy of a span, and see which check catches it from how many rows on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import traitlets

from widgets.asked_view import AskedView
from widgets.face import room
from widgets.parts import controls
from widgets.parts.budget import fit
from widgets.parts.decision_form import told, words_of
from widgets.parts.fault_rows import exact, findings, line, picture, shares, verdict
from widgets.parts.formats import count
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, prose, tag
from widgets.values.faults import FaultChoice, Inject, Search, Smallest, Tried, tried

MOST_COLUMNS = 60  # offered as buttons
_MOST_SHARES = 200  # kept
_HEAD_BYTES = 4_000  # of a static face without its parts
_LEAST_SHARE = 1e-6


class FaultLab(AskedView):
    """Shows the effect of faults: choose one, its column and the share of rows, and press.

    Where nobody can press, the chosen fault is tried once. The whole state is in the parameters: the same ones give the
    same rows at fault and the same findings.

    Args:
        faults: the faults that can be chosen.
        inject: puts a fault into a copy and judges it.
        search: finds the smallest share at which a fault is caught.
        shares: those that were searched before.
        state: traits to begin with, such as `fault="null-burst"`.
    """

    title = "Fault lab"

    fault = traitlets.Unicode(help="name of the fault").tag(sync=True, redraw=True)
    column = traitlets.Unicode(help="column that the fault is put into; empty: the first that fits it").tag(
        sync=True, redraw=True
    )
    share = traitlets.CFloat(0.05, help="share of the rows, above 0 and at most 1").tag(
        sync=True, redraw=True
    )
    seed = traitlets.CInt(7, min=0, help="seed that chooses the rows").tag(sync=True, redraw=True)

    def __init__(
        self,
        faults: Sequence[FaultChoice],
        inject: Inject,
        search: Search,
        shares: Sequence[Smallest] = (),
        **state: Any,
    ) -> None:
        self.faults = {one.name: one for one in faults}
        self.shares = {(one.fault, one.column): one for one in shares}
        self._inject, self._search = inject, search
        self._last: _Outcome | None = None
        self._doing = ""  # what takes a while at this moment
        column, asked = state.pop("column", ""), state.pop("asked", [])
        super().__init__(**{"fault": next(iter(self.faults), ""), **state})
        self.column = column  # after the fault, which resets another's column
        self.asked = asked  # after what it depends on

    @classmethod
    def of(
        cls,
        summary: Mapping[str, Any],
        inject: Inject,
        search: Search,
        shares: Sequence[Mapping[str, Any]] = (),
        **state: Any,
    ) -> Self:
        """Show a plain record with `faults`, and records of smallest shares."""
        faults = [FaultChoice(**one) for one in summary["faults"]]
        return cls(faults, inject, search, [Smallest(**one) for one in shares], **state)

    def parameters(self) -> dict[str, str | float | int]:
        """The parameters with which a notebook does the same: all that can be chosen here."""
        return {"fault": self.fault, "column": self._chosen_column(), "share": self.share, "seed": self.seed}

    @traitlets.validate("fault")
    def _known(self, proposal: Mapping[str, Any]) -> str:
        if self.faults and proposal["value"] not in self.faults:
            raise traitlets.TraitError(
                say(
                    "Expected one of {names} as {trait}, found {value!r}. Choose one of them.",
                    names=", ".join(self.faults),
                    trait="fault",
                    value=proposal["value"],
                )
            )
        return str(proposal["value"])

    @traitlets.validate("share")
    def _a_part(self, proposal: Mapping[str, Any]) -> float:
        value = float(proposal["value"])
        return min(max(value, _LEAST_SHARE), 1.0) if value == value else _LEAST_SHARE  # noqa: PLR0124  NaN

    @traitlets.observe("fault")
    def _another_fault(self, _change: object) -> None:
        self.column = ""

    def act(self, asked: Sequence[str], /) -> None:
        [action] = asked
        if action == "inject":
            self._show(say("injecting into a copy …"))
            self._last = self._attempt()
        else:
            chosen = [(self.fault, self._chosen_column())] if action == "search" else self._first_columns()
            for number, (fault, column) in enumerate(chosen, 1):
                place = {"fault": fault, "number": number, "faults": len(chosen)}
                self._show(say("searching {fault}, {number} of {faults} …", **place))
                self._find(fault, column)
        self._show("")

    def _show(self, doing: str) -> None:
        """Draw what there is; while something is done, say so: a press is not answered before it is over."""
        self._doing = doing
        self.content = self.draw_content()

    def draw_controls(self) -> Markup:
        return join(
            [
                controls.choice("fault", say("Fault"), {name: name for name in self.faults}),
                controls.number_box("share", say("Share of rows, up to 1")),
                controls.number_box("seed", say("Seed")),
            ]
        )

    def draw_content(self) -> Markup:
        chosen = self.faults.get(self.fault)
        if chosen is None:
            return tag("p", say("There is no fault that these data could have."), role="status")
        return join(
            [
                tag("p", chosen.what, role="status"),
                self._columns(chosen),
                self._buttons(),
                _drawn(self._last, tips=True) if self._last else _nothing_yet(),
                shares(list(self.shares.values())),
            ]
        )

    def html_face(self) -> Markup:
        chosen = self.faults.get(self.fault)
        if chosen is None:
            return tag("p", say("There is no fault that these data could have."))
        outcome = self._latest()
        parts: list[Callable[[], Markup | None]] = [
            lambda: tag("p", chosen.what),
            lambda: _drawn(outcome, tips=False),
            lambda: shares(list(self.shares.values())),
        ]
        fitted = fit(
            [drawn for part in parts if (drawn := part()) is not None],
            [lambda drawn: drawn],
            room(_HEAD_BYTES),
        )
        return join(fitted.rows)

    def text_face(self) -> str:
        if self.fault not in self.faults:
            return say("Fault lab: no fault that these data could have.")
        outcome = self._latest()
        searched = [line(one) for one in self.shares.values() if one.fault == self.fault][:3]
        return "\n".join([*outcome.sentence().splitlines()[:2], *searched])

    def _latest(self) -> _Outcome:
        """The outcome of the fault as chosen now; it is tried if it has not been yet."""
        if self._last is None or self._last.dose != self._dose():
            self._last = self._attempt()
        return self._last

    def _attempt(self) -> _Outcome:
        """Return the outcome of the chosen fault, or why it could not be tried: only the view can show an error."""
        dose = self._dose()
        try:
            return _Outcome(dose, tried(self._inject(*dose)))
        except Exception as error:  # noqa: BLE001
            return _Outcome(dose, None, words_of(error))

    def _find(self, fault: str, column: str) -> None:
        try:
            found = Smallest(**self._search(fault, column, self.seed))
        except Exception as error:  # noqa: BLE001  told in the table
            found = Smallest(fault, column, None, 0, 0, (), 1.0, words_of(error))
        self.shares.pop((fault, column), None)
        self.shares = dict([*self.shares.items(), ((fault, column), found)][-_MOST_SHARES:])

    def _dose(self) -> _Dose:
        return (self.fault, self._chosen_column(), self.share, self.seed)

    def _first_columns(self) -> list[tuple[str, str]]:
        return [(one.name, one.columns[0] if one.columns else "") for one in self.faults.values()]

    def _chosen_column(self) -> str:
        columns = self.faults[self.fault].columns if self.fault in self.faults else ()
        return self.column or next(iter(columns), "")

    def _columns(self, chosen: FaultChoice) -> Markup | None:
        if not chosen.columns:
            return None
        present = self._chosen_column()
        names = (
            list(dict.fromkeys([present, *chosen.columns]))
            if present not in chosen.columns[:MOST_COLUMNS]
            else chosen.columns
        )
        buttons = [
            controls.button(
                "column",
                name,
                name,
                key=f"column {name}",
                aria_pressed="true" if name == present else "false",
            )
            for name in names[:MOST_COLUMNS]
        ]
        left_out = len(names) - MOST_COLUMNS
        note = (
            say("{columns} more: set `column`", columns=count(left_out, "column")) if left_out > 0 else None
        )
        return tag(
            "div",
            say("Column "),
            buttons,
            tag("span", prose(note)) if note else None,
            class_="kit-controls",
            role="group",
            aria_label=say("Column"),
        )

    def _buttons(self) -> Markup:
        presses = {
            "inject": say("Inject into a copy and judge it"),
            "search": say("Find the smallest share"),
            "all": say("Find it for all faults"),
        }
        waits = "true" if self._doing else None
        buttons = [
            controls.button("asked", [what], text, key=what, aria_disabled=waits)
            for what, text in presses.items()
        ]
        doing = tag("span", f"● {self._doing}", role="status") if self._doing else None
        return tag("div", buttons, doing, class_="kit-controls", role="group", aria_label=say("Try it"))


_Dose: TypeAlias = tuple[str, str, float, int]  # fault, column, share, seed


@dataclass(frozen=True)
class _Outcome:
    """The outcome of a fault, or why it could not be tried."""

    dose: _Dose
    tried: Tried | None
    refused: str = ""

    def sentence(self) -> str:
        fault, column, part, _ = self.dose
        what = say(
            "{fault}{where}, {share} of the rows",
            fault=fault,
            where=say(" in {column}", column=column) if column else "",
            share=exact(part),
        )
        return f"{what}: {verdict(self.tried) if self.tried else self.refused}"


def _drawn(outcome: _Outcome, *, tips: bool) -> Markup:
    done = outcome.tried
    return join(
        [
            told(bool(done and done.said), outcome.sentence()),
            findings(done) if done else None,
            picture(done, tips=tips) if done else None,
        ]
    )


def _nothing_yet() -> Markup:
    return tag("p", say("Nothing was tried yet."), class_="note")
