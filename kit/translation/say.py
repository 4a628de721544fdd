"""Print a sentence of the kit in the reader's language."""

from __future__ import annotations

from kit.translation.messages import parts_in_language


def say(*texts: object) -> None:
    """Print sentences of the kit in the reader's language, each on lines of its own.

    `sources` finds what notebooks pass to it, so that a sentence without a translation fails a test.
    """
    for text in texts:
        print(parts_in_language(str(text)))  # noqa: T201  a notebook prints
