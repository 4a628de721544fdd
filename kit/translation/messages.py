"""Translate the kit's texts (errors, findings, lines that are printed): KIT_LANGUAGE=zh is Simplified Chinese.

Errors are raised, recorded and logged in English. Where one is shown to a person (a command line, a traceback in a
notebook, a view), its text is found here by the template that it was written with, and its values are put into the
template's translation: messages/<language>.json has each by the English one. `sources` takes the templates from the
program. What is not found stays English; so does what other libraries say inside a message.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TypeAlias

VARIABLE = "KIT_LANGUAGE"  # the name that widgets know as well; neither imports the other
_FOLDER = Path(__file__).parent / "messages"
_TAGS = {"zh": "zh-Hans"}  # BCP 47, where it differs from the name of a catalogue
_TELLING = 15  # what a template needs to be recognized: its letters, and twice its places
_LONGEST = 2_000  # the most letters of a value that is looked into
_WORD = re.compile("[A-Za-z]{2,}")
_BEFORE_TAILS = frozenset(" ,;")
_SENTENCE = re.compile("(?<=[.?]) ")
_FINDINGS = "; "  # between the findings of several checks about one thing
SEPARATORS = (". ", "? ", _FINDINGS, ", ")
"""What is between the parts of a value; a catalogue has its own for those that are others in its language."""
# A finding, after the name of its check, which has one word or two.
_NAMED = re.compile(r"(\s*[\w.-]{1,40}(?: [\w.-]{1,40})?: )(.+)")


class _Message:
    """A template, as the texts around its values, and its translation.

    Args:
        template: the English template, as the catalogue has it.
        other: its translation.
    """

    def __init__(self, template: str, other: str) -> None:
        self.around, self.other = tuple(_around(template)), other
        self.letters = sum(map(len, self.around))
        # The introduction of a text says more than as many letters of the text.
        self.telling = self.letters + len(self.around[0]) * self.around[0].endswith(": ")
        self.has_lines = any("\n" in text for text in self.around)
        # Whether no text fits it by chance, as many sentences fit `{0} to {1}`.
        self.is_telling = len(self.around) == 1 or self.letters + 2 * len(self.around) > _TELLING

    def values(self, text: str) -> list[str] | None:
        """Return the values in the places of the template; None: the text was not written with it."""
        first, *rest = self.around
        if not text.startswith(first) or not text.endswith(self.around[-1]):
            return None
        if not rest:
            return [] if text == first else None
        found, at, end = [], len(first), len(text) - len(rest[-1])
        # Of places without text between them, such as a value and an optional tail, the first gets everything.
        beside: list[str] = []
        for part in rest[:-1]:
            if not part:
                beside.append("")
                continue
            place = text.find(part, at, end)
            if place < 0:
                return None
            found += [text[at:place], *beside]
            at, beside = place + len(part), []
        return [*found, text[at:end], *beside] if at <= end else None


_Messages: TypeAlias = tuple[_Message, ...]


def chosen_language(asked: str | None = None) -> str:
    """Return the requested language, without its region: `zh` of `zh_CN.UTF-8`; KIT_LANGUAGE unless given."""
    asked = os.environ.get(VARIABLE, "") if asked is None else asked
    return asked.replace("-", "_").partition("_")[0].lower()


def html_language(asked: str | None = None) -> str:
    """Return the `lang` of HTML that is written in a language; English where nothing is translated into it."""
    language = chosen_language(asked)
    return _TAGS.get(language, language) if language in languages() else "en"


def languages() -> list[str]:
    """Return the languages that messages are translated into."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def read_messages(language: str) -> dict[str, str]:
    """Return the translation of each template; none where there is no such language."""
    path = _FOLDER / f"{language}.json"
    if language not in languages():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def in_language(text: str, asked: str | None = None) -> str:
    """Return an error's text in a language; unknown parts stay unchanged.

    Args:
        text: its English text.
        asked: the language, such as `zh` or `zh_CN.UTF-8`; KIT_LANGUAGE unless given.
    """
    messages = _messages(chosen_language(asked))
    if not messages:
        return text
    lines = text.split("\n")
    by_line = [_translated(line, messages) for line in lines]
    for said in (
        _translated(text, messages, of_lines=len(lines) > 1),
        "\n".join(map(str, by_line)) if None not in by_line else None,
        _translated(text, messages),  # a value of several lines, such as a YAML parser's message
    ):
        if said is not None:
            return said
    return "\n".join(line if said is None else said for line, said in zip(lines, by_line, strict=True))


def parts_in_language(text: str, asked: str | None = None) -> str:
    """Return a text that may consist of several, such as two checks' findings, each in a language.

    Args:
        text: the English text, or a few words, too short to recognize the message of an error by.
        asked: as `in_language` takes it.
    """
    messages = _messages(chosen_language(asked))
    return _value(text, messages) if messages else text


def _translated(  # noqa: PLR0913  each says which templates will do
    text: str,
    messages: _Messages,
    *,
    of_lines: bool = False,
    has_lines: bool = False,
    ends: str = "",
    is_value: bool = False,
) -> str | None:
    """Return a text by the most specific template that fits it; None: there is none.

    Args:
        text: the text to be translated.
        messages: the most specific first.
        of_lines: whether values of several lines are ruled out, as they may be the lines of another message.
        has_lines: whether only a template of several lines will do.
        ends: what a template must end with.
        is_value: whether a short template will do, if it is a third of the text.
    """
    for message in messages:
        if (has_lines and not message.has_lines) or not message.around[-1].endswith(ends):
            continue
        if not message.is_telling and not (is_value and message.letters * 3 >= len(text)):
            continue
        values = message.values(text)
        if values is not None and not (of_lines and any("\n" in value for value in values)):
            return message.other.format(*(_value(value, messages) for value in values))
    return None


def _value(value: str, messages: _Messages) -> str:
    """Return a value of a message, which may consist of translated texts."""
    if len(value) > _LONGEST or not _WORD.search(value):  # a log, a number, or nothing
        return value
    if "\n" in value:
        whole = _translated(value, messages, has_lines=True)
        return "\n".join(_value(line, messages) for line in value.split("\n")) if whole is None else whole
    for way in (_whole, _in_parts, _known):
        if (said := way(value, messages)) is not None:
            return said
    for separator in SEPARATORS:
        parts = value.split(separator)
        translated = [_value(part, messages) for part in parts] if len(parts) > 1 else parts
        if translated != parts:
            return _between(separator, messages).join(translated)
    return _with_tail(value, messages)


def _whole(value: str, messages: _Messages) -> str | None:
    """Return a message with its own full stop, also after an introduction, as in `stopped: ...`."""
    if not value.endswith("."):
        return None
    named = _NAMED.fullmatch(value)
    if named and (introduced := _introduced(named, messages)):
        return introduced.other.format(_value(named[2], messages))
    return _translated(value, messages, ends=".")


def _in_parts(value: str, messages: _Messages) -> str | None:
    """Return a value of several sentences or findings, each of which is known."""
    for parts, between in (
        (_SENTENCE.split(value), " "),
        (value.split(_FINDINGS), _between(_FINDINGS, messages)),
    ):
        known = [_known(one, messages) for one in parts]
        if len(parts) > 1 and None not in known:
            return between.join(map(str, known))
    return None


def _introduced(named: re.Match[str], messages: _Messages) -> _Message | None:
    """Return the template of a name and a place, such as `stopped: {0}`."""
    return next((message for message in messages if message.around == (named[1], "")), None)


def _between(separator: str, messages: _Messages) -> str:
    return next((message.other for message in messages if message.around == (separator,)), separator)


def _known(text: str, messages: _Messages) -> str | None:
    """Return a text by a template, also after a name, as in `volume: span 3 has 4 rows`."""
    named = _NAMED.fullmatch(text)
    begins = named is not None and any(message.around[0].startswith(named[1]) for message in messages)
    whole = _piece(text, messages) if begins else None  # not a name, but the beginning of a message
    found = _piece(named[2], messages) if named and whole is None else None
    if named is None or found is None:
        return whole or _piece(text, messages)
    introduced = _introduced(named, messages)
    return introduced.other.format(found) if introduced else f"{_name_first(named[1], messages)}{found}"


def _name_first(introduction: str, messages: _Messages) -> str:
    """Return the introduction of a text, such as `missing values: `; the name of a check may be translated, too."""
    name = introduction.strip().removesuffix(":")
    return introduction.replace(name, _piece(name, messages) or name, 1)


def _piece(text: str, messages: _Messages) -> str | None:
    """Return a value or a part of one; alone it has lost its space, or has become a sentence or a finding."""
    if " " not in text:  # usually a name: no template with a value is one word
        return next((message.other for message in messages if message.around == (text,)), None)
    if text.endswith(".") and (said := _translated(text, messages, ends=".")) is not None:
        return said
    if text.endswith(".") and (said := _translated(text[:-1], messages, is_value=True)) is not None:
        return f"{said}。"
    forms = (text, f" {text}", f"{text} ")
    known = (_translated(form, messages, is_value=True) for form in forms)
    if (said := next((said for said in known if said is not None), None)) is not None:
        return said
    whole = _translated(f"{text}.", messages, ends=".")  # a sentence that has become a finding
    return None if whole is None else whole.removesuffix("。")


def _with_tail(value: str, messages: _Messages) -> str:
    """Return a value that ends with an appended text, such as `, found 3`."""
    for message in messages:
        at = value.find(message.around[0]) if message.around[0][:1] in _BEFORE_TAILS else -1
        if at <= 0 or not (message.is_telling or message.letters * 3 >= len(value) - at):
            continue
        if (values := message.values(value[at:])) is not None:
            head = _value(value[:at], messages)
            return head + message.other.format(*(_value(one, messages) for one in values))
    return value


@cache
def _messages(language: str) -> _Messages:
    """Return the messages of a language, the most specific first."""
    messages = [_Message(template, other) for template, other in read_messages(language).items()]
    return tuple(sorted(messages, key=lambda message: -message.telling))


def _around(template: str) -> Iterator[str]:
    """Yield the texts before, between and after the places of a template."""
    text, ended_with_place = "", True
    for literal, place, _, _ in Formatter().parse(template):
        text += literal
        ended_with_place = place is not None
        if place is not None:
            yield text
            text = ""
    if text or ended_with_place:
        yield text
