from __future__ import annotations

from typing import Any

import pytest
import yaml

from deploy.places import MODEL, push, target_in
from kit.deploy import manifests as module
from kit.deploy.manifests import CANARY_FILE, manifests
from kit.deploy.target import Canary, Target
from kit.errors import StepFailedError
from kit.workspace import Workspace


def by_name(target: Target) -> dict[str, dict[str, Any]]:
    found = [
        one for text in manifests(target).values() if text is not None for one in yaml.safe_load_all(text)
    ]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in found}


@pytest.fixture
def made(target: Target) -> dict[str, dict[str, Any]]:
    return by_name(target)


def test_all_that_a_server_needs_is_there(made: dict[str, dict[str, Any]]) -> None:
    assert set(made) == {
        "ConfigMap/recommender-serving",
        "ConfigMap/recommender-gateway",
        "Deployment/recommender",
        "Service/recommender",
        "HorizontalPodAutoscaler/recommender",
        "PodDisruptionBudget/recommender",
        "NetworkPolicy/recommender",
    }


def test_only_the_gateway_is_reached(made: dict[str, dict[str, Any]]) -> None:
    policy = made["NetworkPolicy/recommender"]["spec"]
    allowed = {rule["ports"][0]["port"]: rule["from"] for rule in policy["ingress"]}
    assert set(allowed) == {8443, 9902}
    assert allowed[8443] == [{"podSelector": {"matchLabels": {"recommender-client": "true"}}}]
    assert policy["egress"] == []
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    [port] = made["Service/recommender"]["spec"]["ports"]
    assert port["targetPort"] == "gateway"


def test_clients_of_another_namespace_are_of_that_one_only(workspace: Workspace) -> None:
    target = target_in(workspace, clients={"labels": {"app": "shop"}, "namespace": "web"})
    [caller] = by_name(target)["NetworkPolicy/recommender"]["spec"]["ingress"][0]["from"]
    # In one entry both must hold; in two, either would do.
    assert caller["podSelector"]["matchLabels"] == {"app": "shop"}
    assert caller["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "web"}


def test_pods_are_not_root_and_write_nothing_but_their_own(made: dict[str, dict[str, Any]]) -> None:
    pod = made["Deployment/recommender"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    [models] = [volume for volume in pod["volumes"] if volume["name"] == "models"]
    assert models["persistentVolumeClaim"]["readOnly"]
    for container in pod["containers"]:
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        written = [one["name"] for one in container["volumeMounts"] if not one.get("readOnly")]
        assert written in (["tmp"], ["run"])
        assert container["resources"]["limits"] == container["resources"]["requests"]


def test_ready_means_that_a_version_is_loaded(made: dict[str, dict[str, Any]]) -> None:
    [server, _] = made["Deployment/recommender"]["spec"]["template"]["spec"]["containers"]
    for kind in ("startupProbe", "readinessProbe"):
        assert server[kind]["httpGet"]["path"] == f"/v1/models/{MODEL}/metadata"
    assert "httpGet" not in server["livenessProbe"]


def test_scaling_is_by_cores_or_by_requests(workspace: Workspace) -> None:
    [metric] = by_name(target_in(workspace))["HorizontalPodAutoscaler/recommender"]["spec"]["metrics"]
    assert metric["containerResource"]["container"] == "serving"
    scaling = {"requests_per_second": 12.5, "requests_metric": "asked"}
    [metric] = by_name(target_in(workspace, scaling=scaling))["HorizontalPodAutoscaler/recommender"]["spec"][
        "metrics"
    ]
    assert metric["pods"]["metric"]["name"] == "asked"
    assert metric["pods"]["target"]["averageValue"] == "12500m"


def test_a_canary_shares_the_service_and_nothing_else(workspace: Workspace) -> None:
    push(workspace, 1, 2)
    made = by_name(target_in(workspace, Canary(2, 1, 3)))
    stable, canary = made["Deployment/recommender"]["spec"], made["Deployment/recommender-canary"]["spec"]
    assert canary["replicas"] == 3
    assert "replicas" not in stable
    pods = [one["template"]["metadata"]["labels"] for one in (stable, canary)]
    shared = made["Service/recommender"]["spec"]["selector"].items()
    assert all(shared <= labels.items() for labels in pods)
    alone = made["Service/recommender-canary"]["spec"]["selector"].items()
    assert [alone <= labels.items() for labels in pods] == [False, True]
    configs = [
        made[f"ConfigMap/recommender{name}-serving"]["data"]["models.config"] for name in ("", "-canary")
    ]
    assert ["versions: 1" in config for config in configs] == [True, False]


def test_without_a_canary_its_file_must_not_be_there(target: Target) -> None:
    assert manifests(target)[CANARY_FILE] is None


def test_pods_are_new_where_a_file_is_read_once_and_stay_where_it_is_followed(workspace: Workspace) -> None:
    def digest(target: Target) -> str:
        template = by_name(target)["Deployment/recommender"]["spec"]["template"]
        return str(template["metadata"]["annotations"]["kit/configuration"])

    push(workspace, 1, 2, 3)
    before = digest(target_in(workspace, Canary(2, 1)))
    assert digest(target_in(workspace, Canary(3, 2))) == before
    assert digest(target_in(workspace, Canary(2, 1), batching={"max_batch_size": 8})) != before


def test_the_server_may_be_given_all_of_a_claim(workspace: Workspace) -> None:
    made = by_name(target_in(workspace, claim="models", claim_folder=""))
    [server, _] = made["Deployment/recommender"]["spec"]["template"]["spec"]["containers"]
    [models] = [mount for mount in server["volumeMounts"] if mount["name"] == "models"]
    assert "subPath" not in models


def test_objects_with_a_fault_are_not_written(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATEWAY_PORT", "8443")
    with pytest.raises(StepFailedError, match=r"Service/recommender: spec.ports.0.port does not fit"):
        manifests(target)
