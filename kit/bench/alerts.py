"""Time an alert from the end of a check to its arrival at a web server on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from kit.alerts.config import AlertSettings, Webhook
from kit.alerts.notify import AlertNotifier
from kit.bench.figure import Figure
from kit.checks.check import Finding
from kit.errors import StepFailedError
from kit.project import Project
from kit.workspace import Workspace

_GOAL_SECONDS = 2.0
_FINDINGS = 5  # as many as the sample's bad day has


def alerts(folder: Path) -> Iterable[Figure]:
    """Send alerts of five incidents; the last one counts.

    Raises:
        StepFailedError: when an alert does not arrive.
    """
    arrived: list[float] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            arrived.append(time.perf_counter())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        project = Project.load("recommender")
        spec = project.spec.model_copy(update={"alerts": AlertSettings(webhook=Webhook(url=address))})
        findings = [Finding("drift", "0.4 from train", "warn", subject=str(n)) for n in range(_FINDINGS)]
        started = time.perf_counter()
        AlertNotifier(Workspace(folder), Project(project.folder, spec)).tell(findings, "span 8", "bench")
        server.shutdown()
    if len(arrived) != _FINDINGS:
        raise StepFailedError(
            f"{_FINDINGS} alerts must arrive, but {len(arrived)} did. Read {folder}/alerts."
        )
    yield Figure("alert, from incident to receiver", arrived[-1] - started, "s", _GOAL_SECONDS, "less")
