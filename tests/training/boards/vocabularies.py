"""Vocabularies as Transform's output gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Vocabularies:
    """Stands for a TFTransformOutput whose vocabularies hold these words, the most frequent first."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words = words

    def vocabulary_file_by_name(self, name: str) -> str | None:
        return name if name in self._words else None

    def vocabulary_by_name(self, name: str) -> list[bytes]:
        return [word.encode() for word in self._words[name]]

    def vocabulary_size_by_name(self, name: str) -> int:
        return len(self._words[name])
