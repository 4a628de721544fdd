"""`kit deploy` as its user gives it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from deploy.places import push
from kit.cli import app
from kit.serving.settings import Settings
from kit.workspace import Workspace

RUNNER = CliRunner()


def kit(*words: str, code: int = 0) -> Result:
    answer = RUNNER.invoke(app, ["deploy", *words])
    assert answer.exit_code == code, answer.output
    return answer


def test_manifests_are_written_checked_and_shown_before_they_are_replaced(
    workspace: Workspace, tmp_path: Path
) -> None:
    words = ["k8s", "-w", str(workspace.path), "--out", str(tmp_path / "k")]
    told = kit(*words).output
    assert "no cluster has run them" in told
    assert "kubectl apply" in told
    assert "as before: configmaps.yaml" in kit(*words).output
    assert "-  namespace: default" in kit(*words, "--namespace", "ml", code=2).output
    assert "changed: configmaps.yaml" in kit(*words, "--namespace", "ml", "--force").output
    assert "fail" not in kit("check", str(tmp_path / "k")).output
    hpa = tmp_path / "k" / "hpa.yaml"
    hpa.write_text(hpa.read_text().replace("name: recommender\n  minReplicas", "name: other\n  minReplicas"))
    assert (
        "Deployment/other, which is not among the objects" in kit("check", str(tmp_path / "k"), code=2).output
    )


def test_a_canary_comes_and_goes(workspace: Workspace, tmp_path: Path) -> None:
    push(workspace, 1, 2)
    words = ["k8s", "-w", str(workspace.path), "--out", str(tmp_path)]
    told = kit(*words, "--canary", "2", "--canary-replicas", "2").output
    assert "version 2, meets 17% to 50% of connections" in told
    kinds = [one["kind"] for one in yaml.safe_load_all((tmp_path / "canary.yaml").read_text())]
    assert kinds == ["ConfigMap", "Deployment", "Service"]
    kit(*words, code=2)
    assert "kubectl delete" in kit(*words, "--force").output
    assert not (tmp_path / "canary.yaml").exists()
    assert "Version 9 must have been pushed" in kit(*words, "--canary", "9", code=2).output
    assert "another version that the rest" in kit(*words, "--canary", "1", code=2).output
    for alone in (["--stable", "1"], ["--canary-replicas", "2"]):
        assert "Give it with --canary." in kit(*words, *alone, code=2).output


def test_the_files_of_the_real_server_are_written(workspace: Workspace, tmp_path: Path) -> None:
    tuned = tmp_path / "tuned.config"
    tuned.write_text("max_batch_size { value: 7 }")
    told = kit(
        *("serving", "-w", str(workspace.path), "--out", str(tmp_path / "s"), "--batching", str(tuned))
    ).output
    command = told.partition("tensorflow_model_server ")[2].replace("\\\n", " ").split()
    settings = Settings.from_flags(command)
    assert settings.batching_parameters().max_batch_size.value == 7
    [model] = settings.models().model_config_list.config
    assert model.base_path == str(workspace.path / "serving" / "recommender")
    elsewhere = ["serving", "-w", str(workspace.path), "--out", str(tmp_path / "e"), "--models"]
    assert "an absolute path on the server's machine" in kit(*elsewhere, "models", code=2).output
    kit(*elsewhere, "/models")
    assert 'base_path: "/models/recommender"' in (tmp_path / "e" / "models.config").read_text()


def test_the_policies_are_written_for_a_mesh(workspace: Workspace, tmp_path: Path) -> None:
    words = ["istio", "-w", str(workspace.path), "--out", str(tmp_path), "--namespace", "ml"]
    told = kit(*words, "--selector", "app=shop, tier=models").output
    assert "Envoy has checked the configuration of its sidecars; nothing has run in a mesh." in told
    found = {one["kind"]: one for one in yaml.safe_load_all((tmp_path / "istio.yaml").read_text())}
    assert {"PeerAuthentication", "RequestAuthentication", "AuthorizationPolicy"} < found.keys()
    policy = found["AuthorizationPolicy"]
    assert policy["metadata"] == {
        "name": "recommender",
        "namespace": "ml",
        "labels": policy["spec"]["selector"]["matchLabels"],
    }
    assert policy["spec"]["selector"]["matchLabels"] == {"app": "shop", "tier": "models"}
    for wrong in ("app", "app=", "=shop", "app=the shop", "a/b/c=shop", "app=shop,app=other"):
        assert "--selector" in kit(*words, "--selector", wrong, code=2).output
    kit(*words, "--force")
    assert "app.kubernetes.io/name: recommender" in (tmp_path / "istio.yaml").read_text()


def test_dockerfiles_are_written(workspace: Workspace, tmp_path: Path) -> None:
    told = kit("docker", "-w", str(workspace.path), "--out", str(tmp_path)).output
    assert "no image was built" in told
    assert told.count("docker build") == 2
    assert (tmp_path / "serving.lock").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--namespace", "A_b"], "--namespace must be what deploy.namespace may be"),
        (["--name", "Shop"], "--name must be what deploy.name may be"),
        (["--batching", "/nowhere/batching.config"], "must be a file that can be read"),
    ],
)
def test_a_wrong_flag_is_named(workspace: Workspace, tmp_path: Path, words: list[str], message: str) -> None:
    told = kit("k8s", "-w", str(workspace.path), "--out", str(tmp_path / "k"), *words, code=2).output
    assert message in told
    assert not (tmp_path / "k").exists()


def test_a_folder_without_manifests_is_named(tmp_path: Path) -> None:
    assert "kit deploy k8s --out" in kit("check", str(tmp_path), code=2).output
    (tmp_path / "a.yaml").write_text("a: [")
    assert "must be YAML" in kit("check", str(tmp_path), code=2).output
    (tmp_path / "a.yaml").write_text("- 1")
    assert "must hold objects of Kubernetes" in kit("check", str(tmp_path), code=2).output
