"""TF_CONFIG: the members of a cluster and their addresses, written for others and read for this process.

The words are those of https://www.tensorflow.org/guide/distributed_training#TF_CONFIG. Nothing here imports TensorFlow.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

from kit.errors import ClusterError
from kit.os_errors import reason_of
from kit.training.config import Training

VARIABLE = "TF_CONFIG"
CHIEF, WORKER, PS = "chief", "worker", "ps"
MULTI_WORKER, PARAMETER_SERVER = "multi_worker_mirrored", "parameter_server"
ROLES: Mapping[str, tuple[str, ...]] = {MULTI_WORKER: (WORKER,), PARAMETER_SERVER: (CHIEF, WORKER, PS)}
"""The strategies that need several processes, and who takes part in each."""

_LOCAL = "localhost"


@dataclass(frozen=True)
class Member:
    """One process of a cluster; `index` counts those of the same role, `address` is host:port."""

    role: str
    index: int
    address: str

    @property
    def name(self) -> str:
        return f"{self.role}-{self.index}"

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


@dataclass(frozen=True)
class Cluster:
    """The addresses of all members, by role.

    Raises:
        ClusterError: when these are not the roles of the strategy, or an address is invalid or occurs twice.
    """

    strategy: str
    addresses: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        roles = ROLES[self.strategy]
        _check_roles(self.strategy, roles, self.addresses)
        every = [address for role in roles for address in self.addresses[role]]
        for address in every:
            host, _, port = address.rpartition(":")
            if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
                raise ClusterError(f"A member's address must be host:port, found {address!r}. Correct it.")
        if twice := sorted({address for address in every if every.count(address) > 1}):
            raise ClusterError(
                f"Each member must have an address of its own, found {', '.join(twice)} twice. Give each a port."
            )

    @classmethod
    def local(cls, training: Training) -> Self:
        """Return a cluster on this machine, at ports that are free now."""
        counts = member_counts(training)
        ports = iter(free_ports(sum(counts.values())))
        addresses = {
            role: tuple(f"{_LOCAL}:{next(ports)}" for _ in range(count)) for role, count in counts.items()
        }
        return cls(training.strategy, addresses)

    @classmethod
    def on_hosts(cls, strategy: str, hosts: Iterable[str]) -> Self:
        """Return a cluster on given hosts, each as `role=host:port`."""
        addresses: dict[str, tuple[str, ...]] = {}
        for host in hosts:
            role, _, address = host.partition("=")
            addresses[role] = (*addresses.get(role, ()), address)
        return cls(strategy, addresses)

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(
            Member(role, index, address)
            for role in ROLES[self.strategy]
            for index, address in enumerate(self.addresses[role])
        )

    @property
    def chief(self) -> Member:
        """The leader, whose progress is shown, and who saves the model."""
        return self.members[0]

    def tf_config(self, member: Member) -> str:
        cluster = {role: list(addresses) for role, addresses in self.addresses.items()}
        return json.dumps({"cluster": cluster, "task": {"type": member.role, "index": member.index}})


@dataclass(frozen=True)
class Place:
    """What TF_CONFIG says: a cluster, and which of its members this process is."""

    cluster: Cluster
    member: Member

    @property
    def is_chief(self) -> bool:
        return self.member == self.cluster.chief


def place_of_process(strategy: str, environ: Mapping[str, str] | None = None) -> Place | None:
    """Return what TF_CONFIG says about this process; None: it is not set, or the strategy needs no cluster.

    Raises:
        ClusterError: when it cannot be what the strategy needs; the message tells what it should be.
    """
    text = (os.environ if environ is None else environ).get(VARIABLE, "").strip()
    if not text or strategy not in ROLES:
        return None
    try:
        said = json.loads(text)
        addresses = {role: tuple(_texts(found)) for role, found in said["cluster"].items()}
        role, index = said["task"]["type"], int(said["task"]["index"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ClusterError(
            f"{VARIABLE} must be JSON with a cluster (addresses by role) and a task (type and index), but {error!r} "
            f"in {text!r}. `kit train-cluster --print-config` writes it."
        ) from None
    cluster = Cluster(strategy, addresses)
    for member in cluster.members:
        if (member.role, member.index) == (role, index):
            return Place(cluster, member)
    names = ", ".join(member.name for member in cluster.members)
    raise ClusterError(
        f"The task of {VARIABLE} must be a member of its cluster ({names}), found {role}-{index}. Correct the task."
    )


def _texts(found: Any) -> Iterable[str]:
    if not isinstance(found, list) or not all(isinstance(address, str) for address in found):
        raise TypeError(f"{found!r} is not a list of addresses")
    return found


def _check_roles(strategy: str, roles: Sequence[str], addresses: Mapping[str, Sequence[str]]) -> None:
    found = ", ".join(f"{role} {len(several)}" for role, several in addresses.items()) or "none"
    if set(addresses) != set(roles) or not all(addresses.values()) or len(addresses.get(CHIEF, "1")) != 1:
        expected = (
            f"one {CHIEF}, and workers and parameter servers ({WORKER}, {PS})"
            if CHIEF in roles
            else "workers only"
        )
        raise ClusterError(
            f"A cluster of {strategy} must have {expected}, at least one of each, found {found}. "
            "Correct the cluster, or choose another strategy."
        )


def member_counts(training: Training) -> dict[str, int]:
    """Return how many members each role of a training's cluster has."""
    counts = {CHIEF: 1, WORKER: training.workers, PS: training.parameter_servers}
    return {role: counts[role] for role in ROLES[training.strategy]}


def free_ports(count: int) -> list[int]:
    """Return different ports of this machine on which nobody listens now."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("", 0))
        return [int(one.getsockname()[1]) for one in taken]


def check_port(port: int) -> None:
    """Check that this process can listen on a port: TensorFlow's server silently shares a busy one.

    Raises:
        ClusterError: when somebody else listens there.
    """
    with socket.socket() as probe:
        # A connection that ended a moment ago does not count; TensorFlow's server takes such a port too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise PortError(port, reason_of(error)) from None


class PortError(ClusterError):
    """Somebody else listens on a member's port.

    Args:
        port: the port of this member.
        found: the operating system's message.
    """

    def __init__(self, port: int, found: str) -> None:
        super().__init__(port, found)
        self.port, self.found = port, found

    def __str__(self) -> str:
        return (
            f"This member of the cluster must listen on port {self.port}, but: {self.found}. "
            f"Stop what listens there, or give the member another port in the {VARIABLE} of all."
        )
