"""Cross-checks of Kubernetes objects that no schema makes: names, labels, ports and files that must agree.

Kubernetes accepts a Service that selects no pod, a probe of a port that nothing listens on, and a flag that names a
file in no ConfigMap; the consequences show much later. So these are looked for in any set of objects, such as a folder
that somebody has edited (`kit deploy check`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise, product
from pathlib import PurePosixPath
from typing import Any

import yaml

from kit.checks.check import Finding
from kit.deploy.schemas import name_of

Value = dict[str, Any]
Fault = tuple[Value, str]


class Objects:
    """A set of objects, and questions about it."""

    def __init__(self, every: Iterable[Value]) -> None:
        self.every = list(every)

    def of(self, kind: str) -> list[Value]:
        return [one for one in self.every if one.get("kind") == kind]

    @cached_property
    def workloads(self) -> list[Value]:
        return self.of("Deployment")

    def selected(self, namespace: str, labels: Value) -> list[Value]:
        """Return the workloads whose pods have all of these labels; no label selects every pod of the namespace."""
        return [
            one
            for one in self.workloads
            if _namespace(one) == namespace and labels.items() <= _pod_labels(one).items()
        ]

    def named(self, kind: str, name: str, namespace: str) -> Value | None:
        found = (one for one in self.of(kind) if one["metadata"]["name"] == name)
        return next((one for one in found if _namespace(one) == namespace), None)


def check_together(objects: Iterable[Value]) -> list[Finding]:
    """Return one finding per fault, and one for each check that finds none."""
    whole = Objects(objects)
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        faults = list(check(whole))
        findings += [Finding(name, what, "fail", "Make both the same.", name_of(one)) for one, what in faults]
        if not faults:
            findings.append(Finding(name, "They agree.", "ok"))
    return findings


def _spec(one: Value) -> Value:
    return dict(one.get("spec") or {})


def _pod(one: Value) -> Value:
    return dict(_spec(one)["template"]["spec"])


def _pod_labels(one: Value) -> Value:
    return dict((_spec(one)["template"].get("metadata") or {}).get("labels") or {})


def _namespace(one: Value) -> str:
    return str(one["metadata"].get("namespace", "default"))


def _containers(one: Value) -> list[Value]:
    return list(_pod(one)["containers"])


def _ports(one: Value) -> list[Value]:
    return [port for container in _containers(one) for port in container.get("ports", ())]


def _selectors(whole: Objects) -> Iterator[Fault]:
    for one in whole.workloads:
        wanted = _spec(one)["selector"].get("matchLabels") or {}
        for other in whole.selected(_namespace(one), wanted):
            if other is not one:
                yield one, f"its selector takes pods of {name_of(other)} too"
        if not wanted.items() <= _pod_labels(one).items():
            yield one, f"its selector {wanted} does not take its own pods, which have {_pod_labels(one)}"
    for one, labels in _selecting(whole):
        if not whole.selected(_namespace(one), labels):
            yield one, f"it selects {labels}, and no pod has these labels"


def _selecting(whole: Objects) -> Iterator[tuple[Value, Value]]:
    for one in whole.of("Service"):
        yield one, _spec(one).get("selector") or {}
    for kind, field in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        for one in whole.of(kind):
            yield one, (_spec(one).get(field) or {}).get("matchLabels") or {}


def _ports_agree(whole: Objects) -> Iterator[Fault]:
    for one in whole.of("Service"):
        for other in whole.selected(_namespace(one), _spec(one).get("selector") or {}):
            for port in _spec(one).get("ports") or ():
                wanted = port.get("targetPort", port["port"])
                yield from _has_port(one, _ports(other), wanted, name_of(other))
    for one in whole.of("NetworkPolicy"):
        labels = (_spec(one).get("podSelector") or {}).get("matchLabels") or {}
        rules = [port for rule in _spec(one).get("ingress") or () for port in rule.get("ports") or ()]
        wanted = [port["port"] for port in rules if "port" in port]  # without: every port of the protocol
        for other, port in product(whole.selected(_namespace(one), labels), wanted):
            yield from _has_port(one, _ports(other), port, name_of(other))
    for one in whole.workloads:
        numbers = [port["containerPort"] for port in _ports(one)]
        for number in sorted({number for number in numbers if numbers.count(number) > 1}):
            yield one, f"two of its containers listen to port {number}"


def _probes(whole: Objects) -> Iterator[Fault]:
    for one in whole.workloads:
        for container in _containers(one):
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                probe = container.get(kind) or {}
                asked = probe.get("httpGet") or probe.get("tcpSocket") or probe.get("grpc")
                if asked:
                    where = f"container {container['name']}"
                    yield from _has_port(one, container.get("ports", ()), asked["port"], where, kind)


def _stops(whole: Objects) -> Iterator[Fault]:
    """Look at what kubelet does before it ends a container: whether it can, and whether the pod has that long."""
    for one in whole.workloads:
        grace = _pod(one).get("terminationGracePeriodSeconds", 30)  # Kubernetes' own
        for container in _containers(one):
            name, hook = container["name"], (container.get("lifecycle") or {}).get("preStop") or {}
            if asked := hook.get("httpGet"):
                yield from _has_port(
                    one, container.get("ports", ()), asked["port"], f"container {name}", "preStop"
                )
            if (seconds := hook.get("sleep", {}).get("seconds", 0)) >= grace:
                yield one, f"{name} sleeps for {seconds} s before its end, but its pod has only {grace} s"


def _has_port(
    one: Value, ports: Sequence[Value], wanted: str | int, where: str, what: str = "it"
) -> Iterator[Fault]:
    known = {port.get("name") for port in ports} | {port["containerPort"] for port in ports}
    if wanted not in known:
        yield one, f"{what} asks for port {wanted}, which {where} does not have"


def _volumes(whole: Objects) -> Iterator[Fault]:
    for one in whole.workloads:
        volumes = {volume["name"]: volume for volume in _pod(one).get("volumes") or ()}
        mounted = {mount["name"] for each in _containers(one) for mount in each.get("volumeMounts") or ()}
        for name in sorted(mounted - set(volumes)):
            yield one, f"it mounts the volume {name}, which is not among its volumes {', '.join(volumes)}"
        for name in sorted(set(volumes) - mounted):
            yield one, f"no container mounts its volume {name}"
        for volume in volumes.values():
            config = (volume.get("configMap") or {}).get("name")
            if config and whole.named("ConfigMap", config, _namespace(one)) is None:
                yield (
                    one,
                    f"its volume {volume['name']} is of the ConfigMap {config}, which is not among the objects",
                )


def _files(whole: Objects) -> Iterator[Fault]:
    """Look for every file that a flag names, in the ConfigMap that is mounted where it should be."""
    for one in whole.workloads:
        for container in _containers(one):
            mounts = _mounted_files(whole, one, container)
            for flag, value in _flags(container):
                if not flag.endswith(("file", "path")):
                    continue
                path, word = PurePosixPath(value), f"{flag}={value}"
                files = mounts.get(str(path.parent))
                if files is None:
                    yield one, f"{word} names a file in {path.parent}, where no ConfigMap is mounted"
                elif path.name not in files:
                    yield one, f"{word} names a file that its ConfigMap does not have: {', '.join(files)}"


def _flags(container: Value) -> Iterator[tuple[str, str]]:
    """Yield the flags of a container with their values, whether written --flag=value or as two words."""
    words = [*(container.get("args") or ()), ""]
    for word, following in pairwise(words):
        flag, sign, value = word.partition("=")
        if flag.startswith("-"):
            yield flag, value if sign or following.startswith("-") else following


def _mounted_files(whole: Objects, one: Value, container: Value) -> dict[str, list[str]]:
    volumes = {volume["name"]: volume for volume in _pod(one).get("volumes") or ()}
    found = {}
    for mount in container.get("volumeMounts") or ():
        name = (volumes.get(mount["name"], {}).get("configMap") or {}).get("name")
        config = whole.named("ConfigMap", name, _namespace(one)) if name else None
        if config is not None:
            found[mount["mountPath"].rstrip("/")] = sorted(config.get("data") or {})
    return found


def _listening(whole: Objects) -> Iterator[Fault]:
    """Compare the ports that programs listen on, or call each other at, with the ports of their containers."""
    for one in whole.workloads:
        numbers = {port["containerPort"] for port in _ports(one)}
        for container in _containers(one):
            own = {port["containerPort"] for port in container.get("ports") or ()}
            for flag, value in _flags(container):
                # A variable, such as $(PORT), is known to the cluster alone.
                if flag.endswith("port") and value.isdecimal() and int(value) not in own:
                    yield one, f"{flag}={value}, but the ports of {container['name']} are {sorted(own)}"
        for config, envoy in _envoys(whole, one):
            if envoy is None:
                yield config, "its configuration of Envoy is not YAML with static_resources"
            for number in _socket_ports(envoy):
                if number not in numbers:
                    yield config, f"Envoy has port {number}, which no container of {name_of(one)} has"


def _envoys(whole: Objects, one: Value) -> Iterator[tuple[Value, Any]]:
    for volume in _pod(one).get("volumes") or ():
        name = (volume.get("configMap") or {}).get("name")
        config = whole.named("ConfigMap", name, _namespace(one)) if name else None
        for content in ((config or {}).get("data") or {}).values():
            if config is not None and "static_resources:" in content:
                yield config, _static_resources(content)


def _static_resources(content: str) -> Any:
    """Return what Envoy listens on and calls; None where that cannot be read."""
    try:
        return yaml.safe_load(content)["static_resources"]
    except (yaml.YAMLError, KeyError, TypeError):
        return None


def _socket_ports(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        if "port_value" in value:
            yield int(value["port_value"])
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _socket_ports(one)


def _scaling(whole: Objects) -> Iterator[Fault]:
    for one in whole.of("HorizontalPodAutoscaler"):
        target = _spec(one)["scaleTargetRef"]
        found = whole.named(target["kind"], target["name"], _namespace(one))
        if found is None:
            yield one, f"it scales {target['kind']}/{target['name']}, which is not among the objects"
            continue
        if "replicas" in _spec(found):
            yield found, "it has a number of replicas, which each apply would put back against its autoscaler"
        names = [container["name"] for container in _containers(found)]
        for metric in _spec(one).get("metrics") or ():
            container = (metric.get("containerResource") or {}).get("container")
            if container and container not in names:
                yield one, f"it looks at the container {container}, but the pods have {', '.join(names)}"


def _hardening(whole: Objects) -> Iterator[Fault]:
    for one in whole.workloads:
        pod = _pod(one)
        context = pod.get("securityContext") or {}
        if not context.get("runAsNonRoot") or not context.get("runAsUser"):
            yield one, "its pods may run as root"
        if pod.get("automountServiceAccountToken", True):
            yield one, "its pods are given a token of Kubernetes, which they have no use for"
        for container in _containers(one):
            own = container.get("securityContext") or {}
            if not own.get("readOnlyRootFilesystem") or own.get("allowPrivilegeEscalation", True):
                yield one, f"{container['name']} may write to its own files or gain privileges"
            limits = (container.get("resources") or {}).get("limits") or {}
            if not {"cpu", "memory"} <= set(limits):
                yield one, f"{container['name']} has no bound of cores or memory"


CHECKS: dict[str, Callable[[Objects], Iterator[Fault]]] = {
    "selectors": _selectors,
    "ports": _ports_agree,
    "probes": _probes,
    "stops": _stops,
    "volumes": _volumes,
    "files": _files,
    "listening": _listening,
    "scaling": _scaling,
    "hardening": _hardening,
}
