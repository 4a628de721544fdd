"""Warm processes: children forked from a process that has imported TensorFlow and TFX and run no op.

Importing them costs 10 to 18 s, in every kernel and every step that runs on its own; a fork costs 0.03 s.
The warm process is started on demand, one per user and environment, and ends by itself. Kernels of the
kernelspec `kit` come from it through `kit.warm.provisioner`; `start_call` runs one function in a child. Where
there can be no warm process (not Linux, KIT_WARM=off, or anything that went wrong) both start a new interpreter and
behave the same.

What a child cannot have of its own: Python's hash seed, which all children of one warm process share. The
variables in `kit.warm.address.READ_AT_IMPORT` choose the warm process.

Children have the kit's own modules, too, as long as no file of them has changed since (see `kit.warm.own`).

Settings, as environment variables: KIT_WARM=off, KIT_WARM_DIR (folder of the socket, mode 700),
KIT_WARM_IDLE_SECONDS (1800), KIT_WARM_MODULES (what to import, separated by commas).
"""

from kit.warm.call import CallDied, CallOutcome, CallRaised, CallReturned, WarmCall, start_call
from kit.warm.client import start, status, stop
from kit.warm.errors import WarmUnavailableError

__all__ = [
    "CallDied",
    "CallOutcome",
    "CallRaised",
    "CallReturned",
    "WarmCall",
    "WarmUnavailableError",
    "start",
    "start_call",
    "status",
    "stop",
]
