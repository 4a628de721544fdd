"""The pod: TensorFlow Serving's official image, with Envoy beside it as the only container that others reach."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from kit.containers.hardened import hardened, unprivileged
from kit.deploy import envoy_files as envoy
from kit.deploy import serving_files as serving
from kit.deploy import stopping
from kit.deploy.config import Container
from kit.deploy.target import (
    CONFIG,
    GATEWAY_PORT,
    GRPC_PORT,
    LIFECYCLE_PORT,
    METRICS_PORT,
    MODELS,
    REST_PORT,
    TRACK,
    Target,
)

SERVING, GATEWAY = "serving", "gateway"
MODELS_VOLUME, TMP_VOLUME, RUN_VOLUME = "models", "tmp", "run"
SERVING_CONFIG, GATEWAY_CONFIG, TLS_VOLUME = "serving-config", "gateway-config", "tls"
_LOAD_SECONDS, _LOOK_SECONDS = 300, 5
_WORKERS_AT_MOST = 2
Value = dict[str, Any]
# Read anew while they run; a change of any other file needs new pods.
_FOLLOWED = {serving.MODELS_FILE, envoy.JWT_FILE, envoy.TLS_FILE}


def pod_template(target: Target, track: str, files: Mapping[str, Mapping[str, str]]) -> Value:
    """Return the template of the pods of one track.

    Args:
        target: what is deployed.
        track: `stable` or `canary`.
        files: contents by the names of ConfigMaps; changes of files that are read only once lead to new pods.
    """
    labels, limits = target.labels(track), target.project.spec.gateway.limits
    return {
        "metadata": {"labels": labels, "annotations": {**_scraped(), "kit/configuration": _digest(files)}},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": stopping.grace_seconds(limits),
            "securityContext": unprivileged(),
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": target.labels(track)},
                }
            ],
            "containers": [_server(target), _gateway(target)],
            "volumes": _volumes(target, track),
        },
    }


def serving_map(target: Target, track: str) -> str:
    """Return the name of the ConfigMap with a track's serving files."""
    return f"{target.of_track(track)}-serving"


def gateway_map(target: Target) -> str:
    return f"{target.name}-gateway"


def _server(target: Target) -> Value:
    # Answered only while a version is loaded, unlike the status, which names those that are still loading.
    loaded = {"httpGet": {"path": f"/v1/models/{target.model}/metadata", "port": "rest"}}
    stays = stopping.server_seconds(target.project.spec.gateway.limits)
    return {
        "name": SERVING,
        **_image(target.settings.serving),
        # The image's own entry point runs a shell for environment variables that the flags make needless.
        "command": ["/usr/bin/tensorflow_model_server"],
        "args": serving.flags(target),
        "ports": [_port("grpc", GRPC_PORT), _port("rest", REST_PORT)],
        "startupProbe": {
            **loaded,
            "periodSeconds": _LOOK_SECONDS,
            "failureThreshold": _LOAD_SECONDS // _LOOK_SECONDS,
        },
        "readinessProbe": {
            **loaded,
            "periodSeconds": _LOOK_SECONDS,
            "timeoutSeconds": 3,
            "failureThreshold": 3,
        },
        # Check only that it listens: a busy server must not be killed.
        "livenessProbe": {"tcpSocket": {"port": "grpc"}, "periodSeconds": 10, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": stays}}},
        "securityContext": hardened(),
        "volumeMounts": [
            _read_only(MODELS_VOLUME, str(MODELS), **_within(target)),
            _read_only(SERVING_CONFIG, str(CONFIG)),
            {"name": TMP_VOLUME, "mountPath": "/tmp"},  # noqa: S108  of the container
        ],
    }


def _gateway(target: Target) -> Value:
    workers = min(target.settings.gateway.cores, _WORKERS_AT_MOST)
    tls = [_read_only(TLS_VOLUME, str(envoy.TLS_FOLDER))] if target.settings.tls_secret else []
    return {
        "name": GATEWAY,
        **_image(target.settings.gateway),
        "command": ["/usr/local/bin/envoy"],
        "args": [
            f"--config-path={envoy.FOLDER / envoy.ENVOY_FILE}",
            f"--concurrency={workers}",
            "--disable-hot-restart",
            "--log-level=warning",
        ],
        "ports": [
            _port("gateway", GATEWAY_PORT),
            _port("metrics", METRICS_PORT),
            _port("lifecycle", LIFECYCLE_PORT),
        ],
        # It listens there once it has the public keys.
        "readinessProbe": {"tcpSocket": {"port": "gateway"}, "periodSeconds": _LOOK_SECONDS},
        "livenessProbe": {
            "httpGet": {"path": envoy.LIVE, "port": "metrics"},
            "periodSeconds": 10,
            "timeoutSeconds": 3,
            "failureThreshold": 6,
        },
        "lifecycle": {"preStop": {"httpGet": {"path": stopping.DRAIN, "port": "lifecycle"}}},
        "securityContext": hardened(),
        "volumeMounts": [
            _read_only(GATEWAY_CONFIG, str(envoy.FOLDER)),
            {"name": RUN_VOLUME, "mountPath": str(envoy.RUN)},
            *tls,
        ],
    }


def _image(container: Container) -> Value:
    amounts = {"cpu": container.cpu, "memory": container.memory}
    return {
        "image": container.image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": amounts, "limits": dict(amounts)},
    }


def _port(name: str, number: int) -> Value:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _read_only(name: str, path: str, **rest: str) -> Value:
    return {"name": name, "mountPath": path, "readOnly": True, **rest}


def _within(target: Target) -> dict[str, str]:
    folder = target.settings.claim_folder
    return {"subPath": folder} if folder else {}


def _volumes(target: Target, track: str) -> list[Value]:
    """Return the volumes; that of the models is a claim, so that a push reaches running servers as a new folder.

    An init container that copies a version from an object store would need a new pod for each push, and the server's
    own hot update would have nothing to do.
    """
    secret = target.settings.tls_secret
    return [
        {
            "name": MODELS_VOLUME,
            "persistentVolumeClaim": {"claimName": target.settings.claim, "readOnly": True},
        },
        {"name": SERVING_CONFIG, "configMap": {"name": serving_map(target, track)}},
        {"name": GATEWAY_CONFIG, "configMap": {"name": gateway_map(target)}},
        *([{"name": TLS_VOLUME, "secret": {"secretName": secret}}] if secret else []),
        {"name": TMP_VOLUME, "emptyDir": {"sizeLimit": "256Mi"}},
        {"name": RUN_VOLUME, "emptyDir": {"sizeLimit": "16Mi"}},
    ]


def _scraped() -> dict[str, str]:
    """Return the annotations by which many Prometheus set-ups find pods."""
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(METRICS_PORT),
        "prometheus.io/path": envoy.METRICS,
    }


def _digest(files: Mapping[str, Mapping[str, str]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        for file, content in sorted(files[name].items()):
            if file not in _FOLLOWED:
                digest.update(f"{name}/{file}\0{content}\0".encode())
    return digest.hexdigest()[:16]


def selector(target: Target, track: str | None = None) -> Value:
    """Return a selector of the pods of one track or of both."""
    return {"matchLabels": target.labels(track)}


__all__ = ["GATEWAY", "SERVING", "TRACK", "gateway_map", "pod_template", "selector", "serving_map"]
