"""The error of translations."""

from __future__ import annotations

from kit.errors import UsageError


class TranslationError(UsageError):
    """A language is not there, or a catalogue cannot be read; nothing was written."""
