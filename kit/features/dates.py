"""Date formats: strptime's `%Y %m %d %H %M %S` as a regular expression that Python and TensorFlow both understand."""

from __future__ import annotations

import re

_PARTS = {
    "Y": r"(\d{4})",
    "m": r"(\d{1,2})",
    "d": r"(\d{1,2})",
    "H": r"(\d{1,2})",
    "M": r"(\d{2})",
    "S": r"(\d{2})",
}
# Fractions of a second and a time zone may follow a time; both are ignored: times are taken as written.
_AFTER_TIME = r"(?:\.\d+)?\s*(?:Z|[+-]\d{2}:?\d{2})?"


def pattern(date_format: str) -> tuple[str, str]:
    """Return a regular expression for a whole cell (RE2 and `re`) and the order of its groups, like `Ymd`.

    Raises:
        ValueError: when the format has an unsupported part, or the same part twice.

    """
    order = "".join(re.findall(r"%(.)", date_format))
    if not {"Y", "m", "d"} <= set(order) or len(set(order)) < len(order) or not set(order) <= set(_PARTS):
        raise ValueError(
            f"a date's format has %Y, %m and %d, and may have %H, %M and %S, but it is {date_format!r}"
        )
    pieces = re.split(r"%(.)", date_format)
    expression = "".join(
        _PARTS[piece] if index % 2 else re.escape(piece) for index, piece in enumerate(pieces)
    )
    return f"{expression}{_AFTER_TIME if 'H' in order else ''}", order
