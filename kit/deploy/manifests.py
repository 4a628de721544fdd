"""The Kubernetes objects around the pods, to be applied by `kubectl apply --filename FOLDER`.

A canary is a second Deployment whose pods have the same labels but `track: canary`. The Service selects by the labels
that both have, so the canary gets its pods' share of the connections; the Service `<name>-canary` reaches it alone.
That share is of connections and not sticky: for a split by users, weigh versions in front of it. A push removes old
versions (`release.keep_versions`); versions that pods are pinned to must not be among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit.deploy.consistency import check_together
from kit.deploy.envoy_files import envoy_files
from kit.deploy.pod import SERVING, gateway_map, pod_template, selector, serving_map
from kit.deploy.schemas import check_schemas
from kit.deploy.serving_files import serving_files
from kit.deploy.target import GATEWAY_PORT, MANAGED_LABEL, METRICS_PORT, Target
from kit.deploy.yaml_documents import as_documents
from kit.errors import KitError, StepFailedError
from kit.release.models_config import CANARY, STABLE

CANARY_FILE = "canary.yaml"
_CALM_SECONDS = 300
_REVISIONS = 5
_START_SECONDS = 600
Value = dict[str, Any]
Files = dict[str, str | None]


def manifests(target: Target) -> Files:
    """Return the contents of files by their names; None for one that must not be there.

    Raises:
        GatewayError: when Envoy cannot be configured.
        StepFailedError: when a check of what was made finds a fault; none of it is to be used.
    """
    by_file = objects(target)
    every = [one for several in by_file.values() for one in several]
    wrong = [one for one in [*check_schemas(every), *check_together(every)] if one.state == "fail"]
    if wrong:
        raise _faulty([f"{one.subject}: {one.found}" for one in wrong])
    made: Files = {name: as_documents(several) for name, several in by_file.items()}
    return {CANARY_FILE: None, **made}


def objects(target: Target) -> dict[str, list[Value]]:
    """Return the objects by the files that they are written to."""
    maps = {
        **{serving_map(target, track): serving_files(target, track) for track in target.tracks},
        gateway_map(target): envoy_files(target),
    }
    made = {
        "configmaps.yaml": [
            _config_map(target, name, maps[name])
            for name in (serving_map(target, STABLE), gateway_map(target))
        ],
        "deployment.yaml": [_deployment(target, STABLE, maps)],
        "service.yaml": [_service(target, target.name)],
        "hpa.yaml": [_autoscaler(target)],
        "pdb.yaml": [_disruption_budget(target)],
        "networkpolicy.yaml": [_network_policy(target)],
    }
    if target.canary:
        name = serving_map(target, CANARY)
        made[CANARY_FILE] = [
            _config_map(target, name, maps[name]),
            _deployment(target, CANARY, maps),
            _service(target, target.of_track(CANARY), CANARY),
        ]
    return made


def _object(target: Target, kind: str, version: str, name: str, **rest: Any) -> Value:
    metadata = {
        "name": name,
        "namespace": target.settings.namespace,
        "labels": {**target.labels(), MANAGED_LABEL: "kit"},
    }
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _config_map(target: Target, name: str, files: Mapping[str, str]) -> Value:
    return _object(target, "ConfigMap", "v1", name, data=dict(files))


def _deployment(target: Target, track: str, maps: Mapping[str, Mapping[str, str]]) -> Value:
    own = {name: maps[name] for name in (serving_map(target, track), gateway_map(target))}
    # The autoscaler decides the number of stable pods; a number here would reset it with every apply.
    count = {"replicas": target.canary.replicas} if track == CANARY and target.canary else {}
    spec = {
        **count,
        "revisionHistoryLimit": _REVISIONS,
        "progressDeadlineSeconds": _START_SECONDS,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "selector": selector(target, track),
        "template": pod_template(target, track, own),
    }
    return _object(target, "Deployment", "apps/v1", target.of_track(track), spec=spec)


def _service(target: Target, name: str, track: str | None = None) -> Value:
    port = {"name": "gateway", "port": GATEWAY_PORT, "targetPort": "gateway", "protocol": "TCP"}
    spec = {"type": "ClusterIP", "selector": target.labels(track), "ports": [port]}
    return _object(target, "Service", "v1", name, spec=spec)


def _autoscaler(target: Target) -> Value:
    scaling = target.settings.scaling
    metric: Value = {
        "type": "ContainerResource",  # of the server's container alone: Envoy's load needs no more servers
        "containerResource": {
            "name": "cpu",
            "container": SERVING,
            "target": {"type": "Utilization", "averageUtilization": scaling.cpu_percent},
        },
    }
    if scaling.requests_per_second is not None:
        average = f"{round(scaling.requests_per_second * 1000)}m"
        metric = {
            "type": "Pods",
            "pods": {
                "metric": {"name": scaling.requests_metric},
                "target": {"type": "AverageValue", "averageValue": average},
            },
        }
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target.of_track(STABLE)},
        "minReplicas": scaling.min_replicas,
        "maxReplicas": scaling.max_replicas,
        "metrics": [metric],
        # A new pod has a model to load: take it away only when it has not been needed for a while.
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": _CALM_SECONDS}},
    }
    return _object(target, "HorizontalPodAutoscaler", "autoscaling/v2", target.name, spec=spec)


def _disruption_budget(target: Target) -> Value:
    # One at a time, not "one must stay", which with a single pod would block the maintenance of its machine forever.
    spec = {"maxUnavailable": 1, "selector": selector(target, STABLE)}
    return _object(target, "PodDisruptionBudget", "policy/v1", target.name, spec=spec)


def _network_policy(target: Target) -> Value:
    """Let clients reach the gateway and the monitoring its metrics; nobody reaches the server, nothing gets out."""
    clients = target.settings.clients
    caller: Value = {"podSelector": {"matchLabels": dict(target.client_labels)}}
    if clients.namespace is not None:
        caller["namespaceSelector"] = _namespace(clients.namespace)
    monitoring = {"namespaceSelector": _namespace(target.settings.monitoring_namespace)}
    spec = {
        "podSelector": selector(target),
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"from": [caller], "ports": [{"protocol": "TCP", "port": GATEWAY_PORT}]},
            {"from": [monitoring], "ports": [{"protocol": "TCP", "port": METRICS_PORT}]},
        ],
        "egress": [],
    }
    return _object(target, "NetworkPolicy", "networking.k8s.io/v1", target.name, spec=spec)


def _namespace(name: str) -> Value:
    return {"matchLabels": {"kubernetes.io/metadata.name": name}}


def _faulty(found: list[str]) -> KitError:
    listed = "; ".join(found)
    return StepFailedError(
        f"The manifests must be ones that Kubernetes takes and that fit together, but: {listed}. This is a fault of "
        "the kit unless a value of `deploy` in project.yml is behind it; nothing was written."
    )
