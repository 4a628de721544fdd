"""How a forked kernel ends."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from ipykernel.control import ControlThread

from kit.warm.child import _end_control


def test_the_control_thread_finishes_what_it_does_before_a_kernel_closes() -> None:
    thread: Any = ControlThread(daemon=True)  # type: ignore[no-untyped-call]
    thread.start()
    answering, answered = threading.Event(), threading.Event()

    def answer() -> None:
        answering.set()
        threading.Event().wait(0.2)
        answered.set()

    thread.io_loop.add_callback(answer)
    assert answering.wait(10)
    _end_control(SimpleNamespace(control_thread=thread))
    assert answered.is_set()
    assert not thread.is_alive()
    _end_control(SimpleNamespace(control_thread=thread))  # once more does no harm


def test_a_kernel_that_failed_before_it_had_a_control_thread_ends_as_well() -> None:
    _end_control(SimpleNamespace(control_thread=None))
