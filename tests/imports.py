"""What a process imports: what takes seconds is not for a command that answers at once."""

from __future__ import annotations

import subprocess
import sys

_TELL = "\nimport sys\nprint('\\n', *sys.modules, sep=' ')"


def imported_by(code: str, *words: object) -> tuple[set[str], str]:
    """Return the modules that a new interpreter has imported after some code, and what the code has printed."""
    command = [sys.executable, "-c", code + _TELL, *(str(word) for word in words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    printed, _, modules = done.stdout.rpartition("\n ")
    return set(modules.split()), printed
