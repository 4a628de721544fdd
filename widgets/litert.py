"""LiteRT files side by side: size, speed, and what each loses against the model."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.face import Face
from widgets.parts.formats import share
from widgets.parts.language import say
from widgets.parts.litert_rows import FileRows, decimals, milliseconds, size
from widgets.parts.markup import Markup, join, tag
from widgets.values.litert import LiteRTFile

_FLOAT = "float"
_NAMED = 4  # files named by the text face


class LiteRTFiles(Face):
    """Shows files beside the model; there is nothing to operate, so it is the same live and in a batch.

    Args:
        files: the model first.
        quality: the name of the quality that may be lost, such as AUC.
        chosen: the variant that is meant for use.
        limit: the limit of what it may lose, on all rows and on each slice.
        measured_on: the rows and lists, in words.
        notes: remarks, such as on the rows that int8 was calibrated with.
    """

    title = "LiteRT"

    def __init__(  # noqa: PLR0913  what is shown
        self,
        files: Sequence[LiteRTFile],
        *,
        quality: str = "AUC",
        chosen: str = "",
        limit: float = 0.0,
        measured_on: str = "",
        notes: Sequence[str] = (),
    ) -> None:
        self.files, self.notes = tuple(files), tuple(notes)
        self._quality, self._chosen, self._limit = quality, chosen, limit
        self._measured_on, self._rows = measured_on, FileRows(files, quality, chosen, limit)

    def html_face(self) -> Markup:
        if not self.files:
            return tag("p", self._verdict())
        return join(
            [
                tag("p", "✓ " if self._is_good() else "! ", self._verdict(), class_=_class(self._is_good())),
                self._rows.table(self.files),
                tag("p", say("Measured on {measured_on}.", measured_on=self._measured_on), class_="note")
                if self._measured_on
                else None,
                [tag("p", note, class_="note") for note in self.notes],
            ]
        )

    def text_face(self) -> str:
        lines = [
            f"{one.variant}: "
            + (
                say("refused")
                if one.refused
                else say(
                    "{bytes}, {ms_few} ms, {quality} lost {lost}, in the worst slice {worst_lost}",
                    bytes=size(one.bytes),
                    ms_few=milliseconds(one.ms_few),
                    quality=self._quality,
                    lost=decimals(one.lost),
                    worst_lost=decimals(one.worst_lost),
                )
            )
            for one in self.files
            if one.refused or one.bytes is not None
        ]
        return "\n".join([self._verdict(), *lines[:_NAMED]])

    @property
    def _meant(self) -> LiteRTFile | None:
        return next((one for one in self.files if one.variant == self._chosen), None)

    def _is_good(self) -> bool:
        one = self._meant
        return (
            one is not None
            and not one.refused
            and one.lost is not None
            and not any(self._rows.exceeds(lost) for lost in (one.lost, one.worst_lost))
        )

    def _verdict(self) -> str:
        one = self._meant
        if one is None:
            return say("No model was converted to LiteRT yet.")
        if one.refused:
            return say("{variant} is meant for use, but could not be made.", variant=one.variant)
        whole = next((other.bytes for other in self.files if other.variant == _FLOAT), None)
        part = say(", {bytes} of float", bytes=share(one.bytes / whole)) if one.bytes and whole else ""
        meant = say(
            "{variant} is meant for use: {bytes}{part}", variant=one.variant, bytes=size(one.bytes), part=part
        )
        if one.lost is None:
            return say(
                "{meant}; what it loses of {quality} is not known.", meant=meant, quality=self._quality
            )
        worst = (
            say(
                " and {worst_lost} on {worst_slice}",
                worst_lost=decimals(one.worst_lost),
                worst_slice=one.worst_slice,
            )
            if one.worst_slice
            else ""
        )
        lost = say("{lost} on all rows{worst}", lost=decimals(one.lost), worst=worst)
        return say(
            "{meant}; of {quality} it loses {lost}, and {limit:g} is allowed.",
            meant=meant,
            quality=self._quality,
            lost=lost,
            limit=self._limit,
        )


def _class(is_good: bool) -> str:
    return "good" if is_good else "bad"
