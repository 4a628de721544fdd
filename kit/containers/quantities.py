"""The notation of a container's image, cores and memory, in project.yml and on the command line.

Kubernetes accepts more (`1e3`, `0.5Gi`, bytes without a unit), the SDK of Kubeflow Pipelines less in places; both
accept what is allowed here.
"""

from __future__ import annotations

from kit.errors import DeployError
from kit.project_section import written

_CPU = r"([1-9][0-9]*m|(0|[1-9][0-9]*)(\.[0-9]{1,3})?)"
_MEMORY = r"[1-9][0-9]*(Ki|[MGTPE]i?)"
# As the Open Container Initiative writes it: registry, path, tag and digest; all but the path may be left out.
_LABEL = r"[A-Za-z0-9]+(-+[A-Za-z0-9]+)*"
_REGISTRY = rf"({_LABEL}(\.{_LABEL})+(:[0-9]+)?|{_LABEL}:[0-9]+|\[[0-9A-Fa-f:]+\](:[0-9]+)?|localhost)"
_PART = r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_IMAGE = rf"({_REGISTRY}/)?{_PART}(/{_PART})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?"


def image(value: str) -> str:
    """Return the name of an image.

    Raises:
        ValueError: when no registry can have an image of this name.
    """
    return written(
        value, _IMAGE, "it is written as a path in lowercase letters, such as registry.example.org/shop/kit:1"
    )


def cores(value: str) -> str:
    """Return a number of cores.

    Raises:
        ValueError: when it is not one that Kubernetes takes, or it is zero.
    """
    written(value, _CPU, "it is written as a number of cores, such as 2, 0.5 or 500m")
    if not float(value.removesuffix("m")):
        raise ValueError("a container needs more than 0 cores")
    return value


def memory(value: str) -> str:
    """Return an amount of memory.

    Raises:
        ValueError: when it is not one that Kubernetes takes, or it is zero.
    """
    return written(value, _MEMORY, "it is written as a whole number and a unit, such as 512Mi or 2Gi")


def check_options(**given: str) -> None:
    """Refuse options of a command that no container could be made with.

    Args:
        given: image, cpu and memory as typed, or some of them.

    Raises:
        DeployError: names the option that is not valid.
    """
    checks = {"image": image, "cpu": cores, "memory": memory}
    for option, value in given.items():
        try:
            checks[option](value)
        except ValueError as error:
            raise DeployError(f"--{option} must be what Kubernetes takes: {error}. Correct it.") from None
