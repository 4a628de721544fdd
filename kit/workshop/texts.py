"""Titles and hints of the exercises in the reader's language, chosen by KIT_LANGUAGE.

`hints.yml` is English. `hints_<language>.yml` has the same in another language, each exercise beside a digest of the
English that it translates. So a changed text is noticed, and never shown with its old translation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kit.texts import did_you_mean
from kit.translation.catalogue import digest
from kit.translation.messages import chosen_language
from kit.workshop.errors import WorkshopError

_FOLDER = Path(__file__).parent


def texts(language: str | None = None) -> dict[str, dict[str, Any]]:
    """Return `title` and `hints` of each exercise; English if the translation is missing or outdated.

    Args:
        language: such as `zh`, also with its region, as in `zh_CN.UTF-8`; KIT_LANGUAGE unless given.
    """
    english = _read(_FOLDER / "hints.yml")
    path = translations().get(chosen_language(language))
    other = _read(path) if path else {}
    return {
        name: {"title": other[name]["title"], "hints": other[name]["hints"]}
        if name in other and other[name]["english"] == digest_of(text)
        else text
        for name, text in english.items()
    }


def names() -> tuple[str, ...]:
    """Return the names of the exercises in the order of the workshop."""
    return tuple(_read(_FOLDER / "hints.yml"))


def check_name(name: str) -> None:
    """Refuse a name that no exercise has.

    Raises:
        WorkshopError: when no exercise has it; the message lists those that exist.
    """
    if name not in (known := names()):
        raise WorkshopError(
            f"There is no exercise {name!r}.{did_you_mean(name, known)} Choose one of {', '.join(known)}."
        )


def translations() -> dict[str, Path]:
    """Return the file of each language that the texts are translated into."""
    return {path.stem.removeprefix("hints_"): path for path in sorted(_FOLDER.glob("hints_*.yml"))}


def digest_of(text: dict[str, Any]) -> str:
    """Digest of an exercise's English title and hints."""
    return digest("\n".join([text["title"], *text["hints"]]))


def _read(path: Path) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content
