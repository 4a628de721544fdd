"""The process of one TensorBoard: `python -m kit.tensorboard.process BOARD PARENT`."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
import types
from typing import Any

from tensorboard import default, program
from werkzeug import Response
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from kit.tensorboard.folders import LOGS, SOCKET, folder_of

_PARENT_SECONDS = 0.5
_RELOAD_SECONDS = 5.0  # also while a training writes


class _Requests(WSGIRequestHandler):
    """Keeps quiet, and names a client on a Unix socket, which has no address."""

    def address_string(self) -> str:
        return "localhost"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  werkzeug's name
        """Write nothing: nobody reads it."""


class _SocketServer(ThreadedWSGIServer, program.TensorBoardServer):
    """Serves on a Unix socket, which is the host of the flags."""

    daemon_threads = True

    def __init__(self, wsgi_app: Any, flags: Any) -> None:
        super().__init__(f"unix://{flags.host}", 0, _with_own_fonts(wsgi_app), _Requests)

    def get_url(self) -> str:
        return str(self.server_address)

    def print_serving_message(self) -> None:
        """Say nothing: the board is shown in a notebook."""


def _with_own_fonts(app: Any) -> Any:
    """Make TensorBoard's page load its fonts from below its own address, not from the root of the server."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/":
            return app(environ, start_response)
        response = Response.from_app(app, {**environ, "HTTP_ACCEPT_ENCODING": "identity"})
        response.set_data(response.get_data().replace(b"url(/font-roboto/", b"url(font-roboto/"))
        return response(environ, start_response)

    return answer


def serve(board: str, parent: int) -> None:
    """Serve until the parent is gone, whatever ended it."""
    folder = folder_of(board)
    # TensorBoard's own way to run without TensorFlow: the same readers in 1 s and 80 MB instead of 8 s and 770 MB.
    sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        tensorboard = program.TensorBoard(default.get_plugins(), server_class=_SocketServer)
        tensorboard.configure(
            argv=["tensorboard", "--logdir", str(folder / LOGS)],
            host=str(folder / SOCKET),
            load_fast="false",  # the fast loader is a second server, with a port open to any local user
            reload_interval=_RELOAD_SECONDS,
        )
        tensorboard.launch()
        while os.getppid() == parent:
            time.sleep(_PARENT_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
