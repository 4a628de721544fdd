"""A push that gets stuck, in a process of its own."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from kit.release.push import push_folder


def push(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Copy one file, report it, and never end; the payload is JSON of the model and the serving folder."""

    def copy_one(source: str, target: str) -> str:
        shutil.copyfile(source, target)
        report(target)
        time.sleep(600)
        return target

    shutil.copytree.__defaults__ = (False, None, copy_one, False, False)
    model, base = json.loads(payload)
    return str(push_folder(Path(model), Path(base))).encode()
