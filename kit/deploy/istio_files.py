"""The gateway's policies as a file for a mesh of Istio, for pods that have no Envoy of the kit beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kit.deploy.config import is_label
from kit.deploy.envoy_files import pod_plan
from kit.deploy.target import GRPC_PORT, REST_PORT, Target
from kit.deploy.yaml_documents import as_documents
from kit.errors import DeployError
from kit.gateway.envoy import bootstrap
from kit.gateway.istio import MeshServer, istio_resources
from kit.gateway.keys import read_jwks
from kit.gateway.plan import Plan
from kit.gateway.process import validate

ISTIO_FILE = "istio.yaml"
Value = dict[str, Any]


def istio_files(target: Target, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the content of the file by its name; Envoy has accepted what goes into its sidecars.

    Args:
        target: what is deployed; its Service and its pods have this name and namespace.
        labels: the labels of its pods; empty: those that `kit deploy k8s` gives them.

    Raises:
        GatewayError: when the public keys cannot be used, or Envoy refuses the configuration.
    """
    plan = pod_plan(target)
    server = MeshServer(
        name=target.name,
        namespace=target.settings.namespace,
        labels=labels or target.labels(),
        models=plan.models,
        audience=plan.audience,
        jwks=read_jwks(plan.jwks_file),
        rest_port=REST_PORT,
        grpc_port=GRPC_PORT,
    )
    resources = istio_resources(server, plan.settings)
    [patched] = [one["spec"]["configPatches"] for one in resources if one["kind"] == "EnvoyFilter"]
    let_envoy_check(plan, [one["patch"]["value"] for one in patched])
    return {ISTIO_FILE: as_documents(resources)}


def let_envoy_check(plan: Plan, patched: list[Value]) -> str:
    """Have Envoy check patches of its connection manager, within a gateway; return its configuration as YAML.

    Args:
        plan: the plan of the gateway.
        patched: HTTP filters, and last what is merged into the connection manager, as by Istio.

    Raises:
        GatewayError: with Envoy's reason.
    """
    *filters, merged = patched
    with tempfile.TemporaryDirectory(prefix="kit-deploy-") as folder:
        config = bootstrap(replace(plan, certificate=None), Path(folder) / "admin", inline=True)
        [chain] = config["static_resources"]["listeners"][0]["filter_chains"]
        [manager] = chain["filters"]
        manager["typed_config"]["http_filters"][-1:-1] = filters
        manager["typed_config"].update(merged["typed_config"])
        return validate(config)


def labels_of(text: str) -> dict[str, str]:
    """Read labels in the form of `kubectl --selector`: app=shop,tier=models.

    Raises:
        DeployError: when they are written in another way, or Kubernetes has no such labels.
    """
    pairs = [one.strip().partition("=") for one in text.split(",") if one.strip()]
    labels = {key: value for key, _, value in pairs}
    if len(labels) < len(pairs) or not all(sign and v and is_label(key, v) for key, sign, v in pairs):
        raise DeployError(
            f"Labels of pods are written as app=shop,tier=models, each once, but {text!r} is not. Correct --selector."
        )
    return labels
