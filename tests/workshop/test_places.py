"""Dev containers and Binder make the environment as everybody does. Tested is what they run, not they themselves."""

from __future__ import annotations

import json
import os
import subprocess

from kit.workspace import CHECKOUT

BINDER = CHECKOUT / ".binder"


def test_both_set_up_as_everybody_does() -> None:
    container = json.loads((CHECKOUT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "make setup"
    assert (BINDER / "postBuild").read_text(encoding="utf-8").splitlines()[-1] == "make setup"


def test_binder_starts_its_server_from_the_environment() -> None:
    for name in ("postBuild", "start"):
        assert os.access(BINDER / name, os.X_OK)
        subprocess.run(["sh", "-n", BINDER / name], check=True)
    words = [str(BINDER / "start"), "sh", "-c", "command -v jupyter"]
    found = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(CHECKOUT / ".venv" / "bin" / "jupyter")
