"""Kills at every place of a call that changes files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BY = {"who": "Ann", "why": "clicks fell"}
KILLED = Path(__file__).with_name("killed.py")


def kill_at(last: int, function: str, *arguments: object) -> int:
    command = [sys.executable, str(KILLED), str(last), function, json.dumps(arguments)]
    return subprocess.run(command, check=False).returncode
