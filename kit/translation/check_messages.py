"""Check the catalogues of messages and labels: missing texts, obsolete texts, lost placeholders."""

from __future__ import annotations

import re
from string import Formatter

from kit.translation.labels import read_labels
from kit.translation.messages import read_messages
from kit.translation.sources import sources

_WORDS = re.compile(r"\S\s+\S")
_ONE_WORD = re.compile(r"[A-Za-z]+")
# Where a single word is the kit's, not a user's name.
_LABELLED = ("kit/batch/flame_page.py", "kit/batch/report.py", "kit/card/")


def check_messages(language: str) -> list[str]:
    """Return all that is wrong with the messages of a language, each in a sentence that says what to do.

    A text of one word, such as `nothing`, may be a name: it is translated only if the catalogue has it.
    """
    known, said = read_messages(language), sources()
    name = f"messages/{language}.json"
    missing = [
        f"{place} says {text!r}: add its translation to {name}."
        for text, place in said.items()
        if text not in known and _WORDS.search(text.strip())
    ]
    gone = [f"No error says {text!r} any more: take it out of {name}." for text in known if text not in said]
    lost = [
        f"{text!r} must have the same values in both languages: correct it in {name}."
        for text, other in known.items()
        if _places(text) != _places(other)
    ]
    return [*missing, *gone, *lost]


def check_labels(language: str) -> list[str]:
    """Return all that is wrong with the labels of a language, each in a sentence that says what to do."""
    said, known, name = sources(), read_labels(language), f"labels/{language}.json"
    missing = [
        f"{place} says {text!r}: add its translation to {name}."
        for text, place in said.items()
        if place.startswith(_LABELLED)
        and _ONE_WORD.fullmatch(text)
        and text not in known.keys() | read_messages(language)
    ]
    gone = [f"Nothing says {text!r} any more: take it out of {name}." for text in known if text not in said]
    return [*missing, *gone]


def _places(text: str) -> set[str | None]:
    return {place for _, place, _, _ in Formatter().parse(text)} - {None}
