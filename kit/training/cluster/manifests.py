"""Kubernetes manifests of a training cluster, as plain YAML for `kubectl apply`.

A role whose members end by themselves is an indexed Job, whose pods are restarted when they fail; one that serves
until it is deleted is a StatefulSet. Both give a pod a name of its own below a headless Service, and that name with a
port is the member's address in TF_CONFIG. Kubernetes puts a pod's index into its TF_CONFIG.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from kit.containers.hardened import hardened
from kit.containers.image import USER, WORKSPACE
from kit.containers.quantities import check_options
from kit.errors import ClusterError
from kit.training.cluster.tf_config import CHIEF, PARAMETER_SERVER, VARIABLE, Cluster, member_counts
from kit.training.config import Training

PORT = 2222
_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_MOST_LETTERS = 40  # of a name, with which pods' names of at most 63 characters begin
_RESTARTS = 10
_INDEX = "MEMBER_INDEX"
_JOB_INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
_SET_INDEX = "metadata.labels['apps.kubernetes.io/pod-index']"  # since Kubernetes 1.28


@dataclass(frozen=True)
class Deployment:
    """What differs from one cluster to another.

    Attributes:
        name: the beginning of all objects' names; lowercase letters, digits and -.
        image: holds the kit, with `kit` on its path.
        claim: name of a PersistentVolumeClaim (ReadWriteMany) that holds the workspace, for all pods.
        job: the job's file as the pods see it.
        cpu: cores of a pod, as Kubernetes writes them.
        memory: the memory of a pod, as Kubernetes writes it.

    Raises:
        ClusterError: when the name is not a valid one.
        DeployError: when Kubernetes would not take the image.
    """

    name: str
    image: str
    claim: str
    job: str
    cpu: str = "2"
    memory: str = "4Gi"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > _MOST_LETTERS:
            raise ClusterError(
                f"A cluster's name must be lowercase letters, digits and -, at most {_MOST_LETTERS}, and begin with a "
                f"letter, found {self.name!r}. Give another."
            )
        check_options(image=self.image)


def cluster_of(deployment: Deployment, training: Training) -> Cluster:
    """Return the cluster at the names that Kubernetes gives its pods."""
    return Cluster(
        training.strategy,
        {
            role: tuple(
                f"{deployment.name}-{role}-{index}.{deployment.name}-{role}:{PORT}" for index in range(count)
            )
            for role, count in member_counts(training).items()
        },
    )


def manifests(deployment: Deployment, training: Training) -> str:
    """Return a Service and the pods of each role, as YAML documents."""
    cluster = cluster_of(deployment, training)
    objects: list[dict[str, Any]] = []
    for role, addresses in cluster.addresses.items():
        serves = cluster.strategy == PARAMETER_SERVER and role != CHIEF
        pods = _stateful_set if serves else _job
        objects += [_service(deployment, role), pods(deployment, role, cluster.addresses, len(addresses))]
    return yaml.safe_dump_all(objects, sort_keys=False, width=100)


def _labels(deployment: Deployment, role: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": deployment.name, "app.kubernetes.io/component": role}


def _head(deployment: Deployment, role: str) -> dict[str, Any]:
    return {"name": f"{deployment.name}-{role}", "labels": _labels(deployment, role)}


def _service(deployment: Deployment, role: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _head(deployment, role),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,  # members look each other up while they start
            "selector": _labels(deployment, role),
            "ports": [{"name": "grpc", "port": PORT}],
        },
    }


def _job(
    deployment: Deployment, role: str, addresses: Mapping[str, Sequence[str]], count: int
) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _head(deployment, role),
        "spec": {
            "completions": count,
            "parallelism": count,
            "completionMode": "Indexed",
            "backoffLimit": _RESTARTS,
            "template": _pod(deployment, role, addresses, _JOB_INDEX, "OnFailure"),
        },
    }


def _stateful_set(
    deployment: Deployment, role: str, addresses: Mapping[str, Sequence[str]], count: int
) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": _head(deployment, role),
        "spec": {
            "serviceName": f"{deployment.name}-{role}",
            "replicas": count,
            "podManagementPolicy": "Parallel",  # they wait for each other, not one after the other
            "selector": {"matchLabels": _labels(deployment, role)},
            "template": _pod(deployment, role, addresses, _SET_INDEX, "Always"),
        },
    }


def _pod(
    deployment: Deployment, role: str, addresses: Mapping[str, Sequence[str]], index: str, restart: str
) -> dict[str, Any]:
    return {
        "metadata": {"labels": _labels(deployment, role)},
        "spec": {
            "subdomain": f"{deployment.name}-{role}",
            "restartPolicy": restart,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "automountServiceAccountToken": False,
            "containers": [_container(deployment, role, addresses, index)],
            "volumes": [
                {"name": "workspace", "persistentVolumeClaim": {"claimName": deployment.claim}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }


def _container(
    deployment: Deployment, role: str, addresses: Mapping[str, Sequence[str]], index: str
) -> dict[str, Any]:
    resources = {"cpu": deployment.cpu, "memory": deployment.memory}
    return {
        "name": role,
        "image": deployment.image,
        "command": ["kit", "train-cluster", "--job", deployment.job],
        "env": [
            {"name": _INDEX, "valueFrom": {"fieldRef": {"fieldPath": index}}},
            {"name": VARIABLE, "value": _tf_config(role, addresses)},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108  of the container
        ],
        "ports": [{"name": "grpc", "containerPort": PORT}],
        "resources": {"requests": resources, "limits": resources},
        "securityContext": hardened(),
        "volumeMounts": [
            {"name": "workspace", "mountPath": WORKSPACE},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  of the container
        ],
    }


def _tf_config(role: str, addresses: Mapping[str, Sequence[str]]) -> str:
    """Return TF_CONFIG with Kubernetes's placeholder $(NAME) for the index."""
    cluster = {name: list(several) for name, several in addresses.items()}
    head = json.dumps({"cluster": cluster})[:-1]
    return f'{head}, "task": {{"type": "{role}", "index": $({_INDEX})}}}}'
