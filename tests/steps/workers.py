"""A component that does as it is told, and processes that run it; imported by the processes of steps, too."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import standard_artifacts

from kit.errors import NotBlessedError
from kit.project import Project
from kit.session import Session
from kit.steps.history import executions
from kit.steps.progress import report
from kit.workspace import Workspace


class _Spec(types.ComponentSpec):
    PARAMETERS = {  # noqa: RUF012  TFX's own form
        "act": types.component_spec.ExecutionParameter(type=str),
        "text": types.component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, Any] = {}  # noqa: RUF012
    OUTPUTS = {"made": types.component_spec.ChannelParameter(type=standard_artifacts.Model)}  # noqa: RUF012


class Executor(base_executor.BaseExecutor):
    """Writes a file, and then does what `act` says with the text."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        del input_dict
        [made] = output_dict["made"]
        text = exec_properties["text"]
        (Path(made.uri) / "text").write_text(text)
        made.set_string_custom_property("text", text)
        ACTS[exec_properties["act"]](text)


def _write(_text: str) -> None:
    """Nothing more than that."""


def _linger(_text: str) -> None:
    report("half way")
    time.sleep(1)  # longer than the kernel's interval of looking


def _miss_gate(text: str) -> NoReturn:
    raise NotBlessedError(text)


def _crash(text: str) -> NoReturn:
    raise ZeroDivisionError(text)


def _die(_text: str) -> NoReturn:
    os._exit(7)


def _sleep(marker: str) -> NoReturn:
    """Leave a temporary file, start a process, write down file and processes, and never end."""
    with tempfile.NamedTemporaryFile(delete=False) as litter:
        helper = subprocess.Popen(["sleep", "600"])
        facts = {"file": litter.name, "processes": [os.getpid(), helper.pid]}
    Path(marker + ".new").write_text(json.dumps(facts))
    Path(marker + ".new").rename(marker)
    time.sleep(600)
    raise AssertionError


def _wait_for(path: str) -> None:
    Path(path + ".waiting").touch()
    while not Path(path).exists():
        time.sleep(0.02)


ACTS: dict[str, Callable[[str], None]] = {
    "write": _write,
    "linger": _linger,
    "miss gate": _miss_gate,
    "crash": _crash,
    "die": _die,
    "sleep": _sleep,
    "wait for": _wait_for,
}


class Worker(base_component.BaseComponent):
    SPEC_CLASS = _Spec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, act: str = "write", text: str = "") -> None:
        made = types.Channel(type=standard_artifacts.Model)
        super().__init__(_Spec(act=act, text=text, made=made))


class Other(Worker):
    """Another component that does the same."""


def open_session(workspace: Path) -> Session:
    return Session(Workspace(workspace), Project.load("chicago_taxi"))


def states(session: Session) -> list[str]:
    """Return the states of all executions that ML Metadata knows, oldest first."""
    with session._metadata() as handle:
        past = executions(handle.store, session.project.name)
    kind = past[0].DESCRIPTOR.enum_types_by_name["State"]
    return [kind.values_by_number[execution.last_known_state].name for execution in past]


def run_in_session(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Run one Worker as a notebook's kernel does: the payload is JSON of workspace, act and text."""
    workspace, act, text = json.loads(payload)
    open_session(Path(workspace)).run(Worker(act, text))
    return b""


def run_both_in_session(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Run Other and Worker at the same time: the payload is JSON of workspace, and of each act and text."""
    workspace, other, worker = json.loads(payload)
    open_session(Path(workspace)).run_together(Other(*other), Worker(*worker))
    return b""
