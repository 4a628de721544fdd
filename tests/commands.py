"""The commands of a user, run to their end, and what they leave in a workspace."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2

CHECKOUT = Path(__file__).resolve().parents[1]
NOTEBOOKS = CHECKOUT / "notebooks"
NUMBERED = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
KIT = str(Path(sys.executable).with_name("kit"))


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str


def command(*words: object, cwd: Path) -> Ended:
    """Run a command in a folder."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, cwd=cwd, timeout=600
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def kit_command(*words: object, cwd: Path = CHECKOUT) -> Ended:
    """Run the command line of the kit in a process of its own; `in_process` has a quicker way."""
    return command(KIT, *words, cwd=cwd)


def kit_run(*words: object, workspace: Path) -> Ended:
    """Run a batch, from a folder that is neither the checkout nor the notebooks'."""
    return kit_command("run", "-w", workspace, *words, cwd=workspace.parent)


def start_kit(*words: object, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start the command line of the kit in a session of its own, so that a signal meets it alone."""
    return subprocess.Popen(
        [KIT, *(str(word) for word in words)],
        stdout=output,
        stderr=output,
        text=True,
        start_new_session=True,
    )


def runs(workspace: Path) -> list[dict[str, Any]]:
    """Return the records of all batches, the oldest first."""
    return [json.loads(path.read_text()) for path in sorted(workspace.glob("runs/*/run.json"))]


def states(record: dict[str, Any]) -> dict[str, str]:
    """Return how each step of a run ended."""
    return {step["step"]: step["state"] for step in record["steps"]}


def versions(workspace: Path, project: str) -> list[str]:
    """Return what a server that watches the project's folder could see."""
    return sorted(
        path.name for path in (workspace / "serving" / project).glob("*") if not path.name.startswith(".")
    )


def digests(workspace: Path, project: str) -> dict[str, str]:
    """Return the digest of each file that the steps have made last, without the numbers of their executions."""
    found = {}
    for output in sorted((workspace / "artifacts" / project).glob("*/*")):
        made = [path for path in output.iterdir() if path.name.isdigit()]
        if output.parent.name.startswith(".") or not made:
            continue
        latest = max(made, key=lambda path: int(path.name))
        for path in sorted(latest.rglob("*")):
            if path.is_file():
                name = f"{output.parent.name}/{output.name}/{path.relative_to(latest)}"
                found[name] = hashlib.sha256(_content(path)).hexdigest()
    return found


def _content(path: Path) -> bytes:
    """Return the bytes of a file; TFX writes anomalies in an order that differs from process to process."""
    content = path.read_bytes()
    if path.name != "SchemaDiff.pb":
        return content
    return bytes(anomalies_pb2.Anomalies.FromString(content).SerializeToString(deterministic=True))
