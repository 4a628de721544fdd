"""Translate single words and short labels, such as column heads, into the reader's language.

A word such as `type` is left alone inside a message, where it may be the name of somebody's column. Where the kit
itself wrote it as a heading, it cannot be: labels/<language>.json has those words.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from kit.translation.messages import chosen_language, parts_in_language

_FOLDER = Path(__file__).parent / "labels"


def label(text: str, asked: str | None = None) -> str:
    """Return a label in a language, whether it is one word or several; unknown ones stay unchanged.

    Args:
        text: the English text.
        asked: the language, such as `zh` or `zh_CN.UTF-8`; KIT_LANGUAGE unless given.
    """
    return read_labels(chosen_language(asked)).get(text) or parts_in_language(text, asked)


@cache
def read_labels(language: str) -> dict[str, str]:
    """Return the translation of each one-word label; empty if there is no such language."""
    path = _FOLDER / f"{language}.json"
    if path not in _FOLDER.glob("*.json"):
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found
