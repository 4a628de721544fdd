from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from kit.deploy.config import DeploySettings
from kit.deploy.docker_check import read
from kit.deploy.dockerfiles import BATCH, SERVER_ROOTS, SERVING, SERVING_LOCK, dockerfiles
from kit.deploy.locked_subset import read_entries, subset
from kit.errors import StepFailedError
from kit.serving.experiments import config as experiments
from kit.serving.prediction_log import config as prediction_log
from kit.serving.settings import Settings
from kit.setup.locked import LOCK
from kit.workspace import CHECKOUT

# The server as `python -m kit.serving` has it, in an environment where some packages seem not to be installed.
IMPORTS = """
import json, sys
absent = set(json.loads(sys.argv[1]))
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import kit.serving.__main__, kit.serving.process, kit.serving.server, kit.serving.grpc_api
for name in sys.argv[2:]:
    module, _, factory = name.partition(":")
    getattr(__import__(module, fromlist=[factory]), factory)
print("all there")
"""


def test_all_that_is_installed_is_locked_and_nobody_is_root() -> None:
    files = dockerfiles(DeploySettings())
    for name in (BATCH, SERVING):
        text = files[name] or ""
        assert "--require-hashes" in text
        assert "USER 65532" in text
        assert text.count("FROM ${BASE}") == 2
        assert "workspace" not in (files[f"{name}.dockerignore"] or "")
    instructions = [one.word for one in read(files[BATCH] or "")]
    last = len(instructions) - instructions[::-1].index("FROM")
    assert instructions.index("RUN", last) < instructions.index(
        "USER"
    )  # who owns the workspace, while it is root
    assert "python:3.12-slim-trixie" in (files[BATCH] or "")


def test_the_server_is_started_with_flags_that_it_knows() -> None:
    [entry] = [one for one in read(dockerfiles(DeploySettings())[SERVING] or "") if one.word == "ENTRYPOINT"]
    python, dash_m, module, *flags = json.loads(entry.value)
    assert (python, dash_m, module) == ("python", "-m", "kit.serving")
    settings = Settings.from_flags(flags)
    assert (settings.host, settings.port, settings.rest_api_port) == ("0.0.0.0", 8500, 8501)  # noqa: S104
    # It could not start with a label in its first models.config otherwise.
    assert settings.allow_version_labels_for_unavailable_models


@pytest.mark.parametrize("name", [BATCH, SERVING])
def test_what_a_container_imports_is_compiled(name: str, tmp_path: Path) -> None:
    instructions = list(read(dockerfiles(DeploySettings())[name] or ""))
    end = max(index for index, one in enumerate(instructions) if one.word == "FROM")
    build, final = instructions[:end], instructions[end:]
    copied = {one.value for one in build if one.word == "COPY"}
    [command] = [one.value for one in build if "compileall" in one.value]
    folders = [Path(word).name for word in command.split() if word.startswith("/opt/kit/")]
    modules = ("kit", "widgets", "sample_data")
    assert folders == [folder for folder in modules if f"{folder} {folder}" in copied]
    assert [one.value for one in final if one.word == "COPY"][-1] == "--from=build /opt/kit /opt/kit"

    for folder in folders:
        shutil.copytree(CHECKOUT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    own = command.replace("/opt/environment/bin/python", sys.executable).replace("/opt/kit", str(tmp_path))
    subprocess.run(own.split(), check=True)
    flags = [
        Path(cache_from_source(str(module))).read_bytes()[4:8] for module in sorted(tmp_path.rglob("*.py"))
    ]
    assert set(flags) == {b"\x01\0\0\0"}, "by content, and not looked at again (PEP 552)"


def test_a_base_without_a_version_is_refused() -> None:
    with pytest.raises(StepFailedError, match=r"'debian' has no fixed version.*deploy.base_image"):
        dockerfiles(DeploySettings(base_image="debian"))


def test_the_servers_lock_has_the_versions_and_hashes_of_the_whole_one() -> None:
    text = dockerfiles(DeploySettings())[SERVING_LOCK] or ""
    whole = LOCK.read_text(encoding="utf-8")
    own, all_of_it = read_entries(text), {entry.lines for entry in read_entries(whole)}
    assert {entry.lines for entry in own} <= all_of_it
    assert len(own) < len(all_of_it) / 4
    assert set(SERVER_ROOTS) <= {entry.name for entry in own}
    assert not {"jupyterlab", "apache-beam", "tfx", "pytest"} & {entry.name for entry in own}


def test_the_servers_lock_is_complete_by_what_the_packages_say_themselves() -> None:
    names = {entry.name for entry in read_entries(subset(LOCK.read_text(encoding="utf-8"), SERVER_ROOTS))}
    environment = {"extra": "", "python_version": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in names & {one.name.lower().replace("_", "-") for one in metadata.distributions()}:
        for text in metadata.requires(name) or ():
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate(environment):
                assert wanted.name.lower().replace("_", "-") in names, f"{name} needs {text}"


def test_the_server_can_be_imported_where_only_its_lock_is_installed() -> None:
    names = {entry.name for entry in read_entries(subset(LOCK.read_text(encoding="utf-8"), SERVER_ROOTS))}
    names.add("notebook-mlops-kit")
    absent = [
        module
        for module, owners in metadata.packages_distributions().items()
        if not names & {owner.lower().replace("_", "-") for owner in owners}
    ]
    assert {"IPython", "tfx", "apache_beam", "jupyterlab"} <= set(absent)
    interceptors = [experiments.INTERCEPTOR, prediction_log.INTERCEPTOR, "kit.serving.protect:protection"]
    command = [sys.executable, "-W", "ignore", "-c", IMPORTS, json.dumps(absent), *interceptors]
    # Transform sets it where it is imported, and a container has no such parent.
    environ = {name: value for name, value in os.environ.items() if name != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("all there\n"), done.stderr[-2000:]
