"""Translate the texts of views: KIT_LANGUAGE=zh is Simplified Chinese; untranslated texts stay English.

`static/languages/<language>.json` holds the translations by the English text. Values are put in by name, since other
languages order them differently. Names of data, parameters and components are never translated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from widgets.parts.modules import STATIC

VARIABLE = "KIT_LANGUAGE"
_FOLDER = STATIC / "languages"
_TAGS = {"zh": "zh-Hans"}  # BCP 47, where it says more than the name of a catalogue
_K = TypeVar("_K")


def say(english: str, /, **values: object) -> str:
    """Return a text in the reader's language with its values, such as `say("{done} of {all}", done=1, all=2)`."""
    text = _texts(os.environ.get(VARIABLE, "")).get(english, english)
    return text.format(**values) if values else text


def say_each(texts: Mapping[_K, str]) -> dict[_K, str]:
    """Return a mapping with each of its texts in the reader's language, such as the choices of a list."""
    return {key: say(text) for key, text in texts.items()}


def marked(english: str) -> str:
    """Return a text unchanged: a constant that is given to `say` later, marked as by gettext's N_.

    A test takes the texts that must be translated from the calls of `say`, `marked`, `count` and `found_of`.
    """
    return english


_KNOWN = frozenset(
    {
        marked("all rows"),
        marked("learning rate"),
        marked("loss so far in the epoch"),
        marked("steps per second"),
        marked("this training"),
        marked("training"),
        marked("validation"),
    }
)
"""What the kit calls things by among names of people and data, which stay as they are."""


def say_known(name: str) -> str:
    """Return a name in the reader's language if the kit gave it, such as the slice of all rows.

    A project's metric or column of the same name is translated, too.
    """
    return say(name) if name in _KNOWN else name


def html_language() -> str:
    """Return the `lang` of the views' texts: by it browsers choose fonts and voices."""
    language = _language(os.environ.get(VARIABLE, ""))
    return _TAGS.get(language, language) if language in _known() else "en"


@cache
def _texts(asked: str) -> Mapping[str, str]:
    """Return the translations of a language, which may be asked for with its region, as in `zh_CN.UTF-8`."""
    path = _known().get(_language(asked))
    found: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8")) if path else {}
    return found


def _language(asked: str) -> str:
    return asked.replace("-", "_").partition("_")[0].lower()


@cache
def _known() -> Mapping[str, Path]:
    return {path.stem: path for path in _FOLDER.glob("*.json")}
