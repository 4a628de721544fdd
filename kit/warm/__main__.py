"""Manage the warm process: `python -m kit.warm start|status|stop`."""

from __future__ import annotations

import json
import sys

from kit.warm import start, status, stop
from kit.warm.errors import WarmUnavailableError


def main(arguments: list[str]) -> int:
    """Carry out one command for the environment of this process; return the exit code."""
    try:
        return _carry_out(arguments)
    except WarmUnavailableError as error:
        return _say(f"{error} Until then, kernels and steps start without it.", code=1)


def _carry_out(arguments: list[str]) -> int:
    match arguments:
        case ["start"]:
            start()
            return _say("The warm process runs; its first child waits for its imports.")
        case ["status"]:
            found = status()
            return _say(json.dumps(found, indent=2)) if found else _say("No warm process runs.", code=1)
        case ["stop"]:
            return _say("The warm process has ended." if stop() else "No warm process ran.")
        case _:
            return _say(f"{__doc__} Found: {' '.join(arguments) or 'no command'}.", code=2)


def _say(text: str, *, code: int = 0) -> int:
    (sys.stderr if code else sys.stdout).write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
