"""The signatures that every new project's model has, as its project.yml promises them."""

from __future__ import annotations

from typing import Any

from kit.new.label import Label

_EXAMPLES = {"dtype": "string", "shape": [None]}


def promised(label: Label) -> dict[str, Any]:
    """Return the signatures that take tf.Examples, by name.

    They are those of `kit.training.save`: `examples`, `classify` where the label has classes, and `regress` where the
    model gives one number.
    """
    width = len(label.classes)
    one, several = {"dtype": "float32", "shape": [None]}, {"dtype": "float32", "shape": [None, width]}
    is_multiclass = label.task == "multiclass"
    found: dict[str, Any] = {
        "examples": {
            "inputs": {"examples": _EXAMPLES},
            "outputs": {"probabilities": several} if is_multiclass else {"score": one},
        }
    }
    if label.task != "regression":
        classes = {"dtype": "string", "shape": [None, width]}
        found["classify"] = _typed("classify", {"classes": classes, "scores": several})
    if not is_multiclass:
        found["regress"] = _typed("regress", {"outputs": one})
    return found


def _typed(method: str, outputs: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, "inputs": {"inputs": _EXAMPLES}, "outputs": outputs}
