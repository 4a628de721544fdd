"""Whether Evaluator blessed a model, as its artifact says."""

from __future__ import annotations

from typing import Any

BLESSED = "blessed"  # TFX's name of the property; an evaluation without gates leaves it out
_YES = 1


def is_blessed(blessing: Any) -> bool:
    """Return whether a ModelBlessing blesses its model."""
    return bool(blessing.get_int_custom_property(BLESSED) == _YES)
