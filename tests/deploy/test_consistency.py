"""Each check finds the fault that it is for: in the kit's own manifests, with one thing made wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from deploy.places import push, target_in, workspace_with_keys
from kit.deploy.consistency import CHECKS, check_together
from kit.deploy.manifests import objects
from kit.deploy.schemas import check_schemas, versions
from kit.deploy.target import Canary

Value = dict[str, Any]
Made = dict[str, Value]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Made:
    workspace = workspace_with_keys(tmp_path_factory.mktemp("deploy") / "ws")
    push(workspace, 1, 2)
    target = target_in(workspace, Canary(2, 1), tls_secret="shop-tls")  # noqa: S106  a name
    found = [one for several in objects(target).values() for one in several]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in found}


@pytest.fixture
def made(sound: Made) -> Made:
    return copy.deepcopy(sound)


def pod(made: Made) -> Value:
    found: Value = made["Deployment/recommender"]["spec"]["template"]["spec"]
    return found


def server(made: Made) -> Value:
    found: Value = pod(made)["containers"][0]
    return found


def test_what_the_kit_makes_has_no_fault(made: Made) -> None:
    findings = [*check_schemas(made.values()), *check_together(made.values())]
    assert {one.state for one in findings} == {"ok"}
    assert {one.check for one in findings} == {"schema", *CHECKS}


FAULTS: dict[str, tuple[str, Callable[[Made], Any], str]] = {
    "a Service for nobody": (
        "selectors",
        lambda made: made["Service/recommender"]["spec"]["selector"].update(app="other"),
        "no pod has these labels",
    ),
    "a Deployment that does not know its pods": (
        "selectors",
        lambda made: made["Deployment/recommender"]["spec"]["selector"]["matchLabels"].update(track="x"),
        "does not take its own pods",
    ),
    "a Deployment that takes another's pods": (
        "selectors",
        lambda made: made["Deployment/recommender"]["spec"]["selector"]["matchLabels"].pop("track"),
        "takes pods of Deployment/recommender-canary too",
    ),
    "a budget of another namespace": (
        "selectors",
        lambda made: made["PodDisruptionBudget/recommender"]["metadata"].update(namespace="other"),
        "no pod has these labels",
    ),
    "a Service at no port": (
        "ports",
        lambda made: made["Service/recommender"]["spec"]["ports"][0].update(targetPort="web"),
        "port web",
    ),
    "a policy for no port": (
        "ports",
        lambda made: made["NetworkPolicy/recommender"]["spec"]["ingress"][0]["ports"][0].update(port=1),
        "port 1,",
    ),
    "two containers at one port": (
        "ports",
        lambda made: pod(made)["containers"][1]["ports"][0].update(containerPort=8500),
        "two of its containers listen to port 8500",
    ),
    "a probe at no port": (
        "probes",
        lambda made: server(made)["readinessProbe"]["httpGet"].update(port="http"),
        "readinessProbe asks for port http",
    ),
    "a hook at no port": (
        "stops",
        lambda made: pod(made)["containers"][1]["ports"].pop(),
        "preStop asks for port lifecycle",
    ),
    "a sleep that is cut off": (
        "stops",
        lambda made: pod(made).update(terminationGracePeriodSeconds=20),
        "its pod has only 20 s",
    ),
    "a mount of no volume": (
        "volumes",
        lambda made: server(made)["volumeMounts"][0].update(name="model"),
        "mounts the volume model,",
    ),
    "a volume that nobody mounts": (
        "volumes",
        lambda made: server(made)["volumeMounts"].pop(0),
        "no container mounts its volume models",
    ),
    "a volume of no ConfigMap": (
        "volumes",
        lambda made: made.pop("ConfigMap/recommender-gateway"),
        "ConfigMap recommender-gateway, which is not among the objects",
    ),
    "a flag with a file that is not there": (
        "files",
        lambda made: made["ConfigMap/recommender-serving"]["data"].pop("batching.config"),
        "names a file that its ConfigMap does not have",
    ),
    "a flag with a file elsewhere": (
        "files",
        lambda made: server(made)["args"].append("--monitoring_config_file=/etc/monitoring.config"),
        "where no ConfigMap is mounted",
    ),
    "a flag with another port": (
        "listening",
        lambda made: server(made)["args"].append("--rest_api_port=8601"),
        "--rest_api_port=8601, but",
    ),
    "Envoy asks at another port": (
        "listening",
        lambda made: server(made)["ports"][0].update(containerPort=8600),
        "Envoy has port 8500",
    ),
    "a configuration of Envoy that is broken": (
        "listening",
        lambda made: made["ConfigMap/recommender-gateway"]["data"].update(
            {"envoy.yaml": "static_resources: ["}
        ),
        "is not YAML",
    ),
    "scaling of nothing": (
        "scaling",
        lambda made: made["HorizontalPodAutoscaler/recommender"]["spec"]["scaleTargetRef"].update(name="x"),
        "Deployment/x, which is not among the objects",
    ),
    "scaling by no container": (
        "scaling",
        lambda made: server(made).update(name="server"),
        "looks at the container serving",
    ),
    "replicas against the autoscaler": (
        "scaling",
        lambda made: made["Deployment/recommender"]["spec"].update(replicas=2),
        "put back against its autoscaler",
    ),
    "root": ("hardening", lambda made: pod(made).pop("securityContext"), "may run as root"),
    "a token": (
        "hardening",
        lambda made: pod(made).update(automountServiceAccountToken=True),
        "a token of Kubernetes",
    ),
    "a writable root": (
        "hardening",
        lambda made: server(made)["securityContext"].update(readOnlyRootFilesystem=False),
        "may write to its own files",
    ),
    "no bound": ("hardening", lambda made: server(made)["resources"]["limits"].pop("memory"), "no bound"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(made: Made, name: str) -> None:
    check, spoil, message = FAULTS[name]
    spoil(made)
    found = [one.found for one in check_together(made.values()) if one.state == "fail" and one.check == check]
    assert any(message in one for one in found), found


def test_what_kubernetes_takes_is_checked_however_it_is_written(made: Made) -> None:
    server(made)["args"] += ["--rest_api_port", "8501", "--http_port=$(PORT)", "--port"]
    server(made)["args"] += ["--monitoring_config_file", "/etc/serving/monitoring.config"]
    made["NetworkPolicy/recommender"]["spec"]["ingress"][0]["ports"] = [{"protocol": "TCP"}]
    made["Service/recommender"]["spec"].pop("ports")
    assert {one.state for one in check_schemas(made.values())} == {"ok"}
    assert {one.state for one in check_together(made.values())} == {"ok"}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda made: pod(made).update(runAsRoot=False), "runAsRoot"),
        (lambda made: made["Deployment/recommender"]["spec"].update(replicas="2"), "spec.replicas"),
        (lambda made: made["Service/recommender"].update(kind="Servce"), "no such kind"),
        (lambda made: made["Service/recommender"].pop("apiVersion"), "it has no apiVersion"),
        (lambda made: server(made).pop("name"), "'name' is a required property"),
    ],
)
def test_the_schemas_find_what_kubernetes_does_not_know(
    made: Made, spoil: Callable[[Made], Any], message: str
) -> None:
    spoil(made)
    assert any(message in one.found for one in check_schemas(made.values()) if one.state == "fail")


def test_older_kubernetes_lacks_what_is_used(made: Made) -> None:
    assert versions()[0] == "1.30"
    found = [one.found for one in check_schemas(made.values(), ["1.28"]) if one.state == "fail"]
    assert any("'sleep' was unexpected" in one for one in found)
