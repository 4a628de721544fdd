"""`python -m kit.serving --port=… --model_base_path=…`: the server with tensorflow_model_server's flags."""

from __future__ import annotations

import atexit
import logging
import os
import sys

from kit.errors import KitError
from kit.serving.process import run_until_stopped
from kit.serving.settings import Addresses, Settings


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        run_until_stopped(Settings.from_flags(sys.argv[1:]), _say)
    except KitError as error:
        sys.stderr.write(f"Failed to start server. Error: {error}\n")
        return int(error.exit_code)
    return 0


def _say(addresses: Addresses) -> None:
    for what, address in (("ModelServer", addresses.grpc), ("HTTP/REST API", addresses.rest)):
        if address:
            sys.stdout.write(f"Running {what} at {address} ...\n")
    sys.stdout.flush()


def _end(code: int) -> None:
    """End the process although a thread may still be busy with a request: the interpreter's own end would wait."""
    atexit._run_exitfuncs()  # noqa: SLF001  os._exit skips them
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _end(main())
