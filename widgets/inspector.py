"""The Transform inspector: any row raw and transformed, vocabularies, bucket boundaries, and hand-written rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import traitlets

from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import count, first_names, found_of, number, share
from widgets.parts.inspector_detail import WordSearch, detail
from widgets.parts.inspector_frame import columns_table, detail_row, turn, unused
from widgets.parts.inspector_rows import has_detail, live_row, static_row
from widgets.parts.language import marked, say, say_each
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import source, styles
from widgets.row_form import BY_HAND, RowForm
from widgets.values.features import Look, Looked, RawFeature, Vocabulary, raw_feature, vocabulary

ORDERS = {"given": marked("as given"), "name": marked("name"), "outside": marked("most not in a vocabulary")}
_NO_SPLIT = marked(
    "Expected one of the splits {splits}, found {value!r}. Choose one, or '' to write a row by hand."
)
_NAMED = 3  # features named by the text face
_HEAD_BYTES = 6_000  # of a static face without its rows
_STATIC_WORDS = WordSearch(live=False)


class TransformInspector(SearchedView, RowForm):
    """Shows columns with a row's values, what the graph makes of them, and what the codes mean.

    Args:
        features: the columns, in the order of the data.
        rows: how many rows each split has; its order is the order of the splits.
        look: returns a row, raw and transformed.
        unused: vocabularies that no feature uses.
        counted: the most rows of a split that were counted; 0: all.
        state: traits to begin with, such as `row=12`.
    """

    title = "Transform inspector"
    _css = styles("inspector/inspector.css")

    order = traitlets.Enum(list(ORDERS), "given", help="what the columns are sorted by, the most first").tag(
        sync=True, redraw=True, narrows=True
    )
    opened = traitlets.Unicode(help="name of the column that is shown in detail").tag(sync=True, redraw=True)
    word = traitlets.Unicode(help="text that a word of a vocabulary must contain").tag(sync=True, redraw=True)
    word_page = traitlets.Int(min=0).tag(sync=True, redraw=True)

    def __init__(
        self,
        features: Sequence[RawFeature],
        rows: Mapping[str, int],
        look: Look,
        *,
        unused: Sequence[Vocabulary] = (),
        counted: int = 0,
        **state: Any,
    ) -> None:
        self.features = tuple(features)
        self._look, self._unused, self._counted = look, tuple(unused), counted
        self._looked: tuple[object, Looked] | None = None
        super().__init__(rows=rows, **state)

    @classmethod
    def of(cls, summary: Mapping[str, Any], look: Look, **state: Any) -> Self:
        """Show a plain record with `features`, `rows`, `unused` vocabularies and `counted`."""
        return cls(
            [raw_feature(feature) for feature in summary["features"]],
            summary["rows"],
            look,
            unused=[one for record in summary["unused"] if (one := vocabulary(record)) is not None],
            counted=summary["counted"],
            **state,
        )

    def looked(self) -> Looked:
        """The current row, with what was written over it; asked for once."""
        texts = {column: fields["text"] for column, fields in self.written.items() if "text" in fields}
        asked = (self.split, self.row, texts)
        if self._looked is None or self._looked[0] != asked:
            self._looked = (asked, self._look(*asked))
        return self._looked[1]

    def found(self) -> list[RawFeature]:
        """The columns that match the search, in the chosen order."""
        left = self.having_words(self.features, _names)
        keys: dict[str, Callable[[RawFeature], Any]] = {
            "given": lambda _: 0,
            "name": lambda feature: feature.name.casefold(),
            "outside": lambda feature: -feature.outside_share,
        }
        return sorted(left, key=keys[self.order])

    @traitlets.validate("split")
    def _known_split(self, proposal: Mapping[str, Any]) -> str:
        if proposal["value"] not in {*self.rows, BY_HAND}:
            raise traitlets.TraitError(say(_NO_SPLIT, splits=", ".join(self.rows), value=proposal["value"]))
        return str(proposal["value"])

    @traitlets.validate("written")
    def _without_what_is_there(self, proposal: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """Drop texts that equal the original, and those of unknown columns."""
        there, _, _ = self._look(self.split, self.row, {})
        return {
            column: {"text": fields["text"]}
            for column, fields in proposal["value"].items()
            if column in there and fields.get("text", there[column]) != there[column]
        }

    @traitlets.observe("word", "opened")
    def _to_first_words(self, change: Any) -> None:
        self.word_page = 0
        if change["name"] == "opened":
            self.word = ""

    def draw_controls(self) -> Markup:
        splits = {split: f"{split}: {count(amount, 'row')}" for split, amount in self.rows.items()}
        orders = ORDERS if any(feature.outside_share for feature in self.features) else {}
        return join(
            [
                controls.choice("split", say("Rows of"), {**splits, BY_HAND: say("written by hand")}),
                controls.number_box("row", say("Row, from 0")),
                controls.search_box(),
                controls.choice("order", say("Sort by"), say_each(orders)) if orders else None,
            ]
        )

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        rows = [self._live_row(feature) for feature in shown]
        return join(
            [
                turn(self._place(), self.row, self.rows.get(self.split, 0), can_discard=bool(self.written)),
                tag("p", self._summary(len(found)), role="status"),
                self._refused(),
                columns_table(rows) if rows else None,
                pager,
                self._notes(),
            ]
        )

    def html_face(self) -> Markup:
        raw, wrong, transformed = self.looked()
        splits = list(self.rows)

        def plain(feature: RawFeature) -> Markup:
            name = feature.name
            return static_row(feature, raw.get(name, ""), wrong.get(name, ""), transformed, splits)

        def with_detail(feature: RawFeature) -> Markup:
            if not has_detail(feature):
                return plain(feature)
            more = tag("summary", say("Details of {name}", name=feature.name))
            content = detail(feature, splits, _STATIC_WORDS)
            return join([plain(feature), detail_row(tag("details", more, content))])

        css = source("inspector/inspector.css")
        limit = room(len(css) + _HEAD_BYTES)
        found = self.found()
        fitted = fit(found, [plain, with_detail], limit)
        left_out = len(found) - len(fitted.rows)
        return join(
            [
                tag("style", Markup(css)),
                tag("p", tag("b", self._place()), f" · {self._summary(len(found))}"),
                self._refused(),
                columns_table(fitted.rows) if fitted.rows else None,
                left_out_note(left_out, count(left_out, "column")),
                self._notes(),
            ]
        )

    def text_face(self) -> str:
        outputs = [output for feature in self.features for output in feature.outputs]
        used = {output.vocabulary.name: output.vocabulary for output in outputs if output.vocabulary}
        sizes = [f"{name} {number(len(one.words))}" for name, one in used.items()]
        buckets = [f"{one.name} {number(len(one.edges) + 1)}" for one in outputs if one.edges]
        outside = [
            (part, say("{name} {part} of {split}", name=output.name, part=share(part), split=split))
            for output in outputs
            for split in self.rows
            if (part := output.outside_share(split))
        ]
        outside.sort(key=lambda one: -one[0])
        lines = [
            say(
                "Transform: {columns}, {features}",
                columns=count(len(self.features), "column"),
                features=count(len(outputs), "feature"),
            ),
            _listed(say("Words in vocabularies"), sizes),
            _listed(say("Buckets"), buckets),
            _listed(say("Not in the vocabulary"), [text for _, text in outside]),
        ]
        return "\n".join(line for line in lines if line)

    def _summary(self, found: int) -> str:
        made = count(sum(len(feature.outputs) for feature in self.features), "feature")
        place = found_of(found, len(self.features), "column")
        written = say(", {written} written over", written=number(len(self.written))) if self.written else ""
        return say("{place}, {made} made of them{written}", place=place, made=made, written=written)

    def _place(self) -> str:
        if self.split == BY_HAND:
            return say("A row written by hand")
        return say("Row {row} of {split}", row=number(self.row), split=self.split)

    def _refused(self) -> Markup | None:
        _, wrong, _ = self.looked()
        if not wrong:
            return None
        text = wrong.get("") or say(
            "{values} not valid; nothing is transformed", values=count(len(wrong), "value")
        )
        return tag("p", f"✗ {text}", class_="bad", role="alert")

    def _live_row(self, feature: RawFeature) -> Markup:
        raw, wrong, transformed = self.looked()
        name, splits, is_open = (
            feature.name,
            list(self.rows),
            bool(feature.name) and feature.name == self.opened,
        )
        row = live_row(feature, raw.get(name, ""), wrong.get(name, ""), transformed, (splits, is_open))
        if not is_open:
            return row
        return join([row, detail_row(detail(feature, splits, WordSearch(self.word, self.word_page)))])

    def _notes(self) -> Markup:
        limited = [split for split, amount in self.rows.items() if self._counted and amount > self._counted]
        notes = [unused(one) for one in self._unused]
        if limited:
            first = say(
                "the first {counted} rows of {limited}",
                counted=number(self._counted),
                limited=say(" and ").join(limited),
            )
            notes.insert(0, say("Words and buckets are counted in {first}.", first=first))
        return join([tag("p", note, class_="note") for note in notes])


def _names(feature: RawFeature) -> str:
    return " ".join([feature.name, *(output.name for output in feature.outputs)])


def _listed(what: str, items: Sequence[str]) -> str:
    return f"{what}: {first_names(items, _NAMED)}" if items else ""
