"""The start of the warm process: detached from whoever asked first, listening before it imports.

python -c START_CODE SOCKET FINGERPRINT    the warm process of an environment
python -c START_CODE DESCRIPTOR            the parent of one call, where no warm process is possible
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from kit.warm.address import fingerprint_of, idle_seconds
from kit.warm.own import OwnModules
from kit.warm.server import Server
from kit.warm.spawn import forker, start_interpreter


def main(fresh_path: list[str]) -> None:
    """Run either kind of parent, as the arguments say."""
    match sys.argv[1:]:
        case [descriptor]:
            _serve_one_call(int(descriptor))
        case [path, fingerprint]:
            _serve_environment(Path(path), fingerprint, fresh_path)


def _serve_one_call(descriptor: int) -> None:
    server = Server(start_interpreter, None, idle_seconds=0, outdated=lambda: False)
    server.add_client(socket.socket(fileno=descriptor))
    server.run()
    server.close()


def _serve_environment(path: Path, fingerprint: str, fresh_path: list[str]) -> None:
    environ = dict(os.environ)  # imports change some variables; the fingerprint is of what they found
    listens, tell = os.pipe()
    if os.fork():
        os.close(tell)
        # Tells the starter whether clients can connect, and leaves the rest to init.
        os._exit(0 if os.read(listens, 1) else 1)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))  # the folder admits nobody else
    listener.listen()  # after the fork: clients read the id of the process that listens
    os.write(tell, b"1")
    os.close(tell)
    os.close(listens)
    opened = path.stat()
    own = None if environ.get("KIT_WARM_MODULES") else OwnModules()
    server = Server(
        forker(fresh_path, own),
        listener,
        idle_seconds=idle_seconds(environ),
        outdated=lambda: fingerprint_of(environ) != fingerprint,
    )
    server.warm_up()
    try:
        server.run(own)
    finally:
        listener.close()
        with suppress(FileNotFoundError):
            if path.stat().st_ino == opened.st_ino:  # a successor may have taken the name
                path.unlink()
                path.with_suffix(".log").unlink()
        server.close()
    os._exit(0)  # finalizing an interpreter with these libraries takes seconds and can crash
