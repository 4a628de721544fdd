"""`kit train-cluster`, run as a user does."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from commands import Ended, kit_command

from kit.training.cluster.tf_config import place_of_process
from kit.training.job import Job

if TYPE_CHECKING:
    from training.tiny import Tiny

NAME = "train-cluster"


@pytest.fixture
def workspace(tiny: Tiny) -> Path:
    return tiny.session.workspace.path


def train_cluster(*words: object, workspace: Path) -> Ended:
    return kit_command(NAME, "-P", "tiny", "-w", workspace, *words, cwd=workspace)


def test_it_prints_a_config_for_every_member(tmp_path: Path) -> None:
    hosts = ["worker=a:1", "worker=b:1", "chief=c:1", "ps=d:1"]
    words = [word for host in hosts for word in ("--host", host)]
    ended = kit_command(NAME, "--strategy", "parameter_server", "--print-config", *words, cwd=tmp_path)
    assert ended.code == 0, ended.errors
    configs = [shlex.split(line)[1] for line in ended.output.splitlines() if line.startswith("export ")]
    names = []
    for config in configs:
        variable, _, value = config.partition("=")
        place = place_of_process("parameter_server", {variable: value})
        assert place
        names.append(f"{place.member.role}={place.member.address}")
    assert sorted(names) == sorted(hosts)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--strategy", "mirrored"], "must be multi_worker_mirrored or parameter_server, found 'mirrored'"),
        (["--print-config", "--host", "ps=a:1"], "must have workers only"),
        (["--host", "worker=a:1"], "--host is only for --print-config"),
        (["--job", "none.json"], "no such file"),
    ],
)
def test_what_cannot_be_is_said_at_once(words: list[str], message: str, tmp_path: Path) -> None:
    ended = kit_command(NAME, *words, cwd=tmp_path)
    assert ended.code
    assert message in ended.errors


def test_without_features_it_names_the_notebook_to_run(tmp_path: Path) -> None:
    ended = kit_command(NAME, "-w", tmp_path / "ws", cwd=tmp_path)
    assert ended.code == 2
    assert "Run 02_features first" in ended.errors


def test_it_says_who_trains_where_and_what_came_of_it(workspace: Path) -> None:
    ended = train_cluster("--workers", 2, "--epochs", 1, workspace=workspace)
    assert ended.code == 0, ended.errors
    assert len(re.findall(r"^worker-[01] +localhost:\d+ +process \d+ +/", ended.output, re.MULTILINE)) == 2
    [auc] = re.findall(r"^validation auc: (0\.\d{4})$", ended.output, re.MULTILINE)
    assert float(auc) > 0.5
    assert not ended.errors, "no noise"


def test_manifests_come_with_the_job_that_they_start(workspace: Path, tmp_path: Path) -> None:
    ended = train_cluster("--manifests", tmp_path / "cluster.yaml", "--workers", 3, workspace=workspace)
    assert ended.code == 0, ended.errors
    assert "have not run in a cluster" in ended.output
    job = Job.from_json((workspace / "clusters" / "tiny" / "job.json").read_text())
    assert (job.training.strategy, job.training.workers) == ("multi_worker_mirrored", 3)
    paths = [job.project, job.transform_output, job.run_dir, job.model_dir, *job.train_files, *job.eval_files]
    assert all(path.startswith("/workspace/") for path in paths)
    here = [workspace / Path(path).relative_to("/workspace") for path in (job.project, job.transform_output)]
    assert all(path.is_dir() for path in here)
    [*_, pods] = yaml.safe_load_all((tmp_path / "cluster.yaml").read_text())
    [container] = pods["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["kit", NAME, "--job", "/workspace/clusters/tiny/job.json"]
    assert json.dumps(pods).count("kit-tiny-worker-2.kit-tiny-worker:2222") == 1
