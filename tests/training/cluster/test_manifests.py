"""The manifests against Kubernetes's own types: every field exists and has its type, and none is missing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from kubernetes import client

from kit.errors import ClusterError, DeployError
from kit.training.cluster.manifests import Deployment, manifests
from kit.training.cluster.tf_config import VARIABLE, place_of_process
from kit.training.config import Strategy, Training

KINDS = {"Service": "V1Service", "Job": "V1Job", "StatefulSet": "V1StatefulSet"}
PLAIN = {"str": str, "int": int, "bool": bool, "object": object}
DEPLOYMENT = Deployment(
    "kit-tiny", "registry.example.org/kit:1", "shared", "/workspace/clusters/tiny/job.json"
)


def documents(strategy: Strategy, **settings: int) -> list[dict[str, Any]]:
    training = Training(strategy=strategy).model_copy(update=settings)
    return list(yaml.safe_load_all(manifests(DEPLOYMENT, training)))


def check(value: Any, kind: str, place: str) -> None:
    """Fail where a value is not of the type that Kubernetes's client names."""
    if found := re.fullmatch(r"list\[(.*)\]", kind):
        assert isinstance(value, list), place
        for number, one in enumerate(value):
            check(one, found[1], f"{place}[{number}]")
    elif found := re.fullmatch(r"dict\(str, (.*)\)", kind):
        assert isinstance(value, dict), place
        for name, one in value.items():
            check(one, found[1], f"{place}.{name}")
    elif kind in PLAIN:
        assert isinstance(value, PLAIN[kind]), f"{place} is {value!r} and no {kind}"
    else:
        check_object(value, getattr(client, kind), place)


def check_object(value: dict[str, Any], model: Any, place: str) -> None:
    names = {outer: inner for inner, outer in model.attribute_map.items()}
    assert set(value) <= set(names), f"{place} has no {set(value) - set(names)}"
    given = {names[outer]: one for outer, one in value.items()}
    for inner, one in given.items():
        check(one, model.openapi_types[inner], f"{place}.{inner}")
    model(**given)  # raises where one that is needed is missing


@pytest.mark.parametrize("strategy", ["multi_worker_mirrored", "parameter_server"])
def test_every_object_is_one_of_kubernetes(strategy: Strategy) -> None:
    for one in documents(strategy):
        check_object(one, getattr(client, KINDS[one["kind"]]), one["kind"])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"replica": 2}, "replica"), ({"replicas": "2"}, "no int"), ({"selector": None}, "selector")],
)
def test_the_check_finds_what_is_wrong(change: dict[str, Any], message: str) -> None:
    [broken] = [
        one
        for one in documents("parameter_server")
        if (one["kind"], one["metadata"]["name"]) == ("StatefulSet", "kit-tiny-ps")
    ]
    broken["spec"] = {
        name: value for name, value in {**broken["spec"], **change}.items() if value is not None
    }
    with pytest.raises((AssertionError, ValueError), match=message):
        check_object(broken, client.V1StatefulSet, "StatefulSet")


@pytest.mark.parametrize(
    ("strategy", "pods"),
    [
        ("multi_worker_mirrored", {"worker": ("Job", 3)}),
        (
            "parameter_server",
            {"chief": ("Job", 1), "worker": ("StatefulSet", 3), "ps": ("StatefulSet", 2)},
        ),
    ],
)
def test_each_pod_finds_itself_among_the_addresses(
    strategy: Strategy, pods: dict[str, tuple[str, int]]
) -> None:
    objects = documents(strategy, workers=3, parameter_servers=2)
    services = {one["metadata"]["name"]: one["spec"] for one in objects if one["kind"] == "Service"}
    found = {}
    for one in (one for one in objects if one["kind"] != "Service"):
        role, spec = one["metadata"]["labels"]["app.kubernetes.io/component"], one["spec"]
        count = spec.get("completions", spec.get("replicas"))
        found[role] = (one["kind"], count)
        service = services[spec["template"]["spec"]["subdomain"]]
        assert service["clusterIP"] == "None"
        assert service["selector"].items() <= spec["template"]["metadata"]["labels"].items()
        for index in range(count):
            place = place_of_process(strategy, {VARIABLE: expanded(spec, index)})
            assert place is not None
            assert place.member.name == f"{role}-{index}"
            host = f"{one['metadata']['name']}-{index}.{spec['template']['spec']['subdomain']}"
            assert place.member.address == f"{host}:{service['ports'][0]['port']}"
    assert found == pods


def expanded(spec: dict[str, Any], index: int) -> str:
    """Return TF_CONFIG as Kubernetes hands it to a pod: variables named before it are put in."""
    [container] = spec["template"]["spec"]["containers"]
    names = [one["name"] for one in container["env"]]
    [config] = [one["value"] for one in container["env"] if one["name"] == VARIABLE]
    for name in names[: names.index(VARIABLE)]:
        config = config.replace(f"$({name})", str(index))
    assert "$(" not in config
    return json.dumps(json.loads(config))


def test_pods_are_not_root_and_are_bounded() -> None:
    pods = [
        one["spec"]["template"]["spec"] for one in documents("parameter_server") if one["kind"] != "Service"
    ]
    assert len(pods) == 3
    for pod in pods:
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert container["resources"]["limits"] == {"cpu": "2", "memory": "4Gi"}
        assert container["command"][-2:] == ["--job", DEPLOYMENT.job]


@pytest.mark.parametrize("name", ["", "Kit", "kit_tiny", "kit-", "k" * 41])
def test_a_name_that_kubernetes_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match="must be lowercase letters"):
        Deployment(name, "image", "claim", "job")


def test_an_image_that_no_registry_has_is_refused() -> None:
    with pytest.raises(DeployError, match=r"--image must be .* but found 'a b'"):
        Deployment("kit-tiny", "a b", "claim", "job")
