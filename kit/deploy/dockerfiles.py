"""Dockerfiles for the kit itself: a batch image and a serving image, both with the locked versions.

The default base is Debian 13, whose glibc 2.41 is newer than the 2.38 that TFX's wheels need: nothing that the set-up
does on older systems is needed. Everything is installed by hash in a first stage, and the second one has neither pip's
cache nor a compiler nor uv. On Kubernetes the official image of TensorFlow Serving serves (`kit deploy k8s`); the kit's
own server is for small deployments.

No container was ever run here: the files are checked by their form (`docker_check`) and against the checkout.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kit.containers.image import USER, WORKSPACE
from kit.deploy.config import DeploySettings
from kit.deploy.docker_check import check_dockerfile
from kit.deploy.locked_subset import subset
from kit.deploy.serving_files import LABELS_FLAG, MODELS_FILE
from kit.deploy.target import CONFIG, GRPC_PORT, MODELS, REST_PORT
from kit.errors import StepFailedError
from kit.setup.locked import LOCK
from kit.workspace import CHECKOUT

BATCH, SERVING = "batch.Dockerfile", "serving.Dockerfile"
SERVING_LOCK = "serving.lock"
DEPLOY = "deploy"  # the named context: the folder of these files
# What the kit's server imports; a test compares it with the real imports.
SERVER_ROOTS = (
    "filelock", "grpcio", "grpcio-health-checking", "grpcio-reflection", "numpy", "prometheus-client", "protobuf",
    "psutil", "pydantic", "pygrpc-native", "pyyaml", "tensorflow", "tensorflow-serving-api", "tornado", "typer",
)  # fmt: skip
_APP, _ENVIRONMENT, _TOOLS, _LOCKS = "/opt/kit", "/opt/environment", "/opt/tools", "/opt/locks"


@dataclass(frozen=True)
class Instruction:
    """One line of a Dockerfile, and the reason for it."""

    word: str
    value: str
    why: str = ""

    def __str__(self) -> str:
        comment = f"# {self.why}\n" if self.why else ""
        return f"{comment}{self.word} {self.value}"


def dockerfiles(settings: DeploySettings) -> dict[str, str | None]:
    """Return the contents of files by their names.

    Raises:
        DeployError: when requirements.lock lacks a package.
        StepFailedError: when a check of what was made finds a fault.
    """
    made = {BATCH: _render(batch(settings)), SERVING: _render(serving(settings))}
    faults = [
        f"{name}: {finding.found}"
        for name, text in made.items()
        for finding in check_dockerfile(text, CHECKOUT, {DEPLOY: (SERVING_LOCK,)})
        if finding.state == "fail"
    ]
    if faults:
        raise StepFailedError(
            f"The Dockerfiles must be ones that can be built, but {'; '.join(faults)}. Correct deploy.base_image, or "
            "the checkout; nothing was written."
        )
    ignored = {f"{name}.dockerignore": _IGNORED for name in (BATCH, SERVING)}
    return {**made, **ignored, SERVING_LOCK: subset(LOCK.read_text(encoding="utf-8"), SERVER_ROOTS)}


def batch(settings: DeploySettings) -> list[Instruction]:
    """Return the image that runs notebooks as `kit run` does."""
    folders = ("kit", "widgets", "sample_data", "notebooks")
    return [
        *_first_stage(settings, [Instruction("COPY", f"requirements.lock {_LOCKS}/")], "requirements.lock"),
        Instruction("WORKDIR", _APP),
        Instruction("COPY", "pyproject.toml README.md LICENSE requirements.lock ./"),
        *(Instruction("COPY", f"{folder} {folder}") for folder in folders),
        _run([_uv(), "--no-deps", "--no-build-isolation", "--editable", "."]),
        _compiled("kit", "widgets", "sample_data"),
        *_second_stage(
            [
                f"COPY --from=build {_APP} {_APP}",
                # A new volume has the owner of the folder that it is mounted on.
                f"RUN install --directory --owner={USER} --group={USER} {WORKSPACE}",
            ]
        ),
        Instruction("VOLUME", json.dumps([WORKSPACE]), "the only place that a batch writes to, beside /tmp"),
        Instruction("ENTRYPOINT", json.dumps(["kit"])),
        Instruction("CMD", json.dumps(["run", "--workspace", WORKSPACE])),
    ]


def serving(settings: DeploySettings) -> list[Instruction]:
    """Return the image of the kit's own server."""
    lock = [Instruction("COPY", f"--from={DEPLOY} {SERVING_LOCK} {_LOCKS}/")]
    command = [
        *(
            "python",
            "-m",
            "kit.serving",
            "--host=0.0.0.0",
            f"--port={GRPC_PORT}",
            f"--rest_api_port={REST_PORT}",
        ),
        f"--model_config_file={CONFIG / MODELS_FILE}",
        "--model_config_file_poll_wait_seconds=30",
        LABELS_FLAG,
    ]
    return [
        *_first_stage(settings, lock, SERVING_LOCK),
        Instruction("WORKDIR", _APP),
        Instruction("COPY", "kit kit"),
        _compiled("kit"),
        *_second_stage([f"COPY --from=build {_APP} {_APP}"]),
        Instruction(
            "VOLUME", json.dumps([str(MODELS), str(CONFIG)]), "pushed models and models.config, read only"
        ),
        Instruction("EXPOSE", f"{GRPC_PORT} {REST_PORT}"),
        Instruction(
            "ENTRYPOINT", json.dumps(command), "other flags are those of python -m kit.serving --help"
        ),
    ]


def _first_stage(settings: DeploySettings, copies: Sequence[Instruction], lock: str) -> list[Instruction]:
    """Install the locked packages, by hash."""
    pip = f"{_TOOLS}/bin/python -m pip --disable-pip-version-check --no-cache-dir"
    return [
        Instruction("ARG", f"BASE={settings.base_image}", "give it a digest where builds must be repeatable"),
        Instruction("FROM", "${BASE} AS build"),
        Instruction("COPY", f"kit/setup/tools.lock {_LOCKS}/"),
        _run(
            [f"python -m venv {_TOOLS}"],
            [
                pip,
                "install",
                "--require-hashes",
                "--no-deps",
                "--only-binary=:all:",
                f"-r {_LOCKS}/tools.lock",
            ],
        ),
        *copies,
        _run(
            [f"{_TOOLS}/bin/uv venv --python python3 {_ENVIRONMENT}"],
            [_uv(), "--require-hashes", "--no-deps", "--compile-bytecode", f"-r {_LOCKS}/{lock}"],
        ),
    ]


def _second_stage(copies: Sequence[str]) -> list[Instruction]:
    """Copy what was installed into a clean image, for a user who owns none of it."""
    return [
        Instruction("FROM", "${BASE}"),
        Instruction("COPY", f"--from=build {_ENVIRONMENT} {_ENVIRONMENT}"),
        *(Instruction(*copy.split(" ", 1)) for copy in copies),
        Instruction("WORKDIR", _APP),
        Instruction(
            "ENV",
            f"PATH={_ENVIRONMENT}/bin:$PATH PYTHONPATH={_APP} PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp",
        ),
        Instruction(
            "USER",
            f"{USER}:{USER}",
            "nobody; the files above are root's, so a process cannot change its own code",
        ),
    ]


def _uv() -> str:
    return f"{_TOOLS}/bin/uv pip install --python {_ENVIRONMENT}/bin/python --no-cache"


def _compiled(*folders: str) -> Instruction:
    """Compile what was copied, by its content: copies into an image may get new times."""
    compiler = f"{_ENVIRONMENT}/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash"
    places = " ".join(f"{_APP}/{folder}" for folder in folders)
    why = "a container's user cannot write bytecode, and would compile all of it at each start"
    return _run([compiler, places], why=why)


def _run(*commands: Sequence[str], why: str = "") -> Instruction:
    return Instruction("RUN", " \\\n    && ".join(" ".join(words) for words in commands), why)


def _render(instructions: Sequence[Instruction]) -> str:
    return "\n".join(["# syntax=docker/dockerfile:1", *map(str, instructions), ""])


# All that may go into a build, so that no workspace, secret or environment ever does.
_IGNORED = "\n".join(
    [
        "*",
        *(f"!{name}" for name in ("kit", "widgets", "sample_data", "notebooks")),
        *(f"!{name}" for name in ("pyproject.toml", "requirements.lock", "README.md", "LICENSE")),
        "**/__pycache__",
        "**/.ipynb_checkpoints",
        "",
    ]
)
