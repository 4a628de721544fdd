"""What the inputs of a model's signature may be called."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

from kit.errors import ProjectError


def can_be_argument(name: str) -> bool:
    """Say whether TensorFlow takes a name, since it makes parameters of a Python function of a signature's inputs."""
    return not keyword.iskeyword(name) and name != "self"


def check_arguments(names: Iterable[str]) -> None:
    """Refuse names of inputs that a model could not be saved with.

    Raises:
        ProjectError: when there are some; the message names them.
    """
    if refused := [name for name in sorted(names) if not can_be_argument(name)]:
        raise ProjectError(
            f"Inputs of a model cannot be called {', '.join(refused)}: TensorFlow accepts no Python keywords. Rename "
            "them with ARGUMENTS in features.py and serving_signature in model.py, as `kit new` writes them."
        )
