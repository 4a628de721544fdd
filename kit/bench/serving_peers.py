"""The same model behind FastAPI and behind Flask, served as their own documentation shows.

Both are installed into a scratch folder for the measurement. Each has one worker, as each server here has one
processor: FastAPI under uvicorn with its fast loop and parser, Flask under gunicorn with threads. Both load the
SavedModel with `tf.saved_model.load`, call its signature, and answer in JSON.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from kit.errors import StepFailedError
from kit.workspace import CHECKOUT

PATH = "/predict"
PACKAGES = ("fastapi", "uvicorn[standard]", "flask", "gunicorn")
_MODULE = "serving_peer"
_START_SECONDS, _LOOK_SECONDS = 120.0, 0.1
_THREADS = 8
_MODEL = """
import os
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
signature = tf.saved_model.load(os.environ["MODEL"]).signatures["serving_default"]


def scores(user_id, item_ids, timestamp):
    found = signature(
        user_id=tf.constant([user_id]), item_ids=tf.constant([item_ids]), timestamp=tf.constant([timestamp], tf.float32)
    )
    return found["score"].numpy()[0].tolist()


scores("", [""] * 100, 0.0)
"""
_APPS = {
    "FastAPI": """
from fastapi import FastAPI
from pydantic import BaseModel


class Request(BaseModel):
    user_id: str
    item_ids: list[str]
    timestamp: float


app = FastAPI()


@app.post("/predict")
async def predict(request: Request) -> dict[str, list[float]]:
    return {"scores": scores(request.user_id, request.item_ids, request.timestamp)}
""",
    "Flask": """
from flask import Flask, request

app = Flask(__name__)


@app.post("/predict")
def predict():
    found = request.get_json()
    return {"scores": scores(found["user_id"], found["item_ids"], found["timestamp"])}
""",
}


def install(folder: Path) -> None:
    """Install the packages of both into a folder.

    Raises:
        StepFailedError: when they cannot be installed.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailedError(
            f"FastAPI and Flask must be installed to be compared with, but pip said: {done.stderr[-500:]} "
            "Measure where packages can be fetched."
        )


@contextmanager
def served(name: str, packages: Path, model: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Serve the model while the block runs; yield the address and the process id.

    Args:
        name: FastAPI or Flask.
        packages: the folder where both are installed.
        model: the folder of a version.
        folder: the folder for the application and its log.

    Raises:
        StepFailedError: when it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{_MODULE}.py").write_text(_MODEL + _APPS[name])
    port = _free_port()
    log = folder / "peer.log"
    environ = {
        **os.environ,
        "MODEL": str(model),
        "PYTHONPATH": f"{packages}:{folder}",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(name, port), env=environ, cwd=CHECKOUT, stdout=output, stderr=output
        )
    try:
        _await(port, process, log)
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def _command(name: str, port: int) -> list[str]:
    app = f"{_MODULE}:app"
    if name == "FastAPI":
        return [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "warning"]
    words = ["--workers", "1", "--threads", str(_THREADS), "--bind", f"127.0.0.1:{port}", "--timeout", "0"]
    return [sys.executable, "-m", "gunicorn", app, *words]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for any answer: gunicorn accepts connections long before its worker has loaded the model."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, HTTPException), closing(HTTPConnection("127.0.0.1", port, timeout=1)) as peer:
            peer.request("GET", PATH)
            peer.getresponse()
            return
        time.sleep(_LOOK_SECONDS)
    raise StepFailedError(
        f"The server to compare with must come up, but did not: {log.read_text()[-1000:]}. Correct that."
    )
