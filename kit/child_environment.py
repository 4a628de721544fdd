"""Environment variables for a child Python process that must import this package, wherever it starts."""

from __future__ import annotations

import os
from collections.abc import Mapping

from kit.workspace import CHECKOUT


def finding_kit(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment, this process's own by default, whose PYTHONPATH begins with the checkout."""
    given = os.environ if environ is None else environ
    path = os.pathsep.join(filter(None, [str(CHECKOUT), given.get("PYTHONPATH")]))
    return {**given, "PYTHONPATH": path}
