"""`kit deploy` as its user gives it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from in_process import invoke

from deploy.places import push
from kit.serving.settings import Settings
from kit.workspace import Workspace


def deploy(*words: object, code: int = 0) -> str:
    return invoke("deploy", *words, code=code).output


def test_manifests_are_written_checked_and_shown_before_they_are_replaced(
    workspace: Workspace, tmp_path: Path
) -> None:
    words = ["k8s", "-w", workspace.path, "--out", tmp_path / "k"]
    told = deploy(*words)
    assert "no cluster has run them" in told
    assert "kubectl apply" in told
    assert "as before: configmaps.yaml" in deploy(*words)
    assert "-  namespace: default" in deploy(*words, "--namespace", "ml", code=2)
    assert "changed: configmaps.yaml" in deploy(*words, "--namespace", "ml", "--force")
    assert "fail" not in deploy("check", tmp_path / "k")
    hpa = tmp_path / "k" / "hpa.yaml"
    hpa.write_text(hpa.read_text().replace("name: recommender\n  minReplicas", "name: other\n  minReplicas"))
    assert "Deployment/other, which is not among the objects" in deploy("check", tmp_path / "k", code=2)


def test_a_canary_comes_and_goes(workspace: Workspace, tmp_path: Path) -> None:
    push(workspace, 1, 2)
    words = ["k8s", "-w", workspace.path, "--out", tmp_path]
    told = deploy(*words, "--canary", "2", "--canary-replicas", "2")
    assert "version 2, meets 17% to 50% of connections" in told
    kinds = [one["kind"] for one in yaml.safe_load_all((tmp_path / "canary.yaml").read_text())]
    assert kinds == ["ConfigMap", "Deployment", "Service"]
    deploy(*words, code=2)
    assert "kubectl delete" in deploy(*words, "--force")
    assert not (tmp_path / "canary.yaml").exists()
    assert "Version 9 must have been pushed" in deploy(*words, "--canary", "9", code=2)
    assert "another version that the rest" in deploy(*words, "--canary", "1", code=2)
    for alone in (["--stable", "1"], ["--canary-replicas", "2"]):
        assert "Give it with --canary." in deploy(*words, *alone, code=2)


def test_the_files_of_the_real_server_are_written(workspace: Workspace, tmp_path: Path) -> None:
    tuned = tmp_path / "tuned.config"
    tuned.write_text("max_batch_size { value: 7 }")
    told = deploy("serving", "-w", workspace.path, "--out", tmp_path / "s", "--batching", tuned)
    command = told.partition("tensorflow_model_server ")[2].replace("\\\n", " ").split()
    settings = Settings.from_flags(command)
    assert settings.batching_parameters().max_batch_size.value == 7
    [model] = settings.models().model_config_list.config
    assert model.base_path == str(workspace.path / "serving" / "recommender")
    elsewhere = ["serving", "-w", workspace.path, "--out", tmp_path / "e", "--models"]
    assert "an absolute path on the server's machine" in deploy(*elsewhere, "models", code=2)
    deploy(*elsewhere, "/models")
    assert 'base_path: "/models/recommender"' in (tmp_path / "e" / "models.config").read_text()


def test_the_policies_are_written_for_a_mesh(workspace: Workspace, tmp_path: Path) -> None:
    words = ["istio", "-w", workspace.path, "--out", tmp_path, "--namespace", "ml"]
    told = deploy(*words, "--selector", "app=shop, tier=models")
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
        assert "--selector" in deploy(*words, "--selector", wrong, code=2)
    deploy(*words, "--force")
    assert "app.kubernetes.io/name: recommender" in (tmp_path / "istio.yaml").read_text()


def test_dockerfiles_are_written(workspace: Workspace, tmp_path: Path) -> None:
    told = deploy("docker", "-w", workspace.path, "--out", tmp_path)
    assert "no image was built" in told
    assert told.count("docker build") == 2
    assert (tmp_path / "serving.lock").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--namespace", "A_b"], "--namespace must be what deploy.namespace may be"),
        (["--name", "Shop"], "--name must be what deploy.name may be, but a name is at most 40"),
        (["--batching", "/nowhere/batching.config"], "must be a file that can be read"),
    ],
)
def test_a_wrong_flag_is_named(workspace: Workspace, tmp_path: Path, words: list[str], message: str) -> None:
    told = deploy("k8s", "-w", workspace.path, "--out", tmp_path / "k", *words, code=2)
    assert message in told
    assert not (tmp_path / "k").exists()


def test_a_folder_without_manifests_is_named(tmp_path: Path) -> None:
    assert "kit deploy k8s --out" in deploy("check", tmp_path, code=2)
    (tmp_path / "a.yaml").write_text("a: [")
    assert "must be YAML" in deploy("check", tmp_path, code=2)
    (tmp_path / "a.yaml").write_text("- 1")
    assert "must hold Kubernetes objects" in deploy("check", tmp_path, code=2)
