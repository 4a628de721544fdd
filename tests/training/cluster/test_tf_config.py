"""TF_CONFIG, written for each member and read for this process."""

from __future__ import annotations

import json
import socket

import pytest

from kit.errors import ClusterError
from kit.training.cluster.tf_config import (
    MULTI_WORKER,
    PARAMETER_SERVER,
    VARIABLE,
    Cluster,
    PortError,
    check_port,
    free_ports,
    place_of_process,
)
from kit.training.config import Training

WORKERS = ("worker=a:1000", "worker=b:1000")
SERVERS = ("chief=c:1000", "ps=d:1000")


def said(cluster: object, role: object = "worker", index: object = 0) -> dict[str, str]:
    return {VARIABLE: json.dumps({"cluster": cluster, "task": {"type": role, "index": index}})}


@pytest.mark.parametrize(
    ("strategy", "hosts"), [(MULTI_WORKER, WORKERS), (PARAMETER_SERVER, (*WORKERS, *SERVERS))]
)
def test_each_member_finds_itself_in_its_own_config(strategy: str, hosts: tuple[str, ...]) -> None:
    cluster = Cluster.on_hosts(strategy, hosts)
    assert len(cluster.members) == len(hosts)
    for member in cluster.members:
        place = place_of_process(strategy, {VARIABLE: cluster.tf_config(member)})
        assert place is not None
        assert (place.cluster, place.member) == (cluster, member)
        assert place.is_chief == (member.name in {"chief-0", "worker-0"} and member == cluster.chief)
    assert sum(place_is_chief(cluster, strategy)) == 1


def place_is_chief(cluster: Cluster, strategy: str) -> list[bool]:
    places = [place_of_process(strategy, {VARIABLE: cluster.tf_config(one)}) for one in cluster.members]
    return [place is not None and place.is_chief for place in places]


def test_a_config_has_tensorflows_form() -> None:
    cluster = Cluster.on_hosts(PARAMETER_SERVER, (*WORKERS, *SERVERS))
    [*_, server] = cluster.members
    assert json.loads(cluster.tf_config(server)) == {
        "cluster": {"worker": ["a:1000", "b:1000"], "chief": ["c:1000"], "ps": ["d:1000"]},
        "task": {"type": "ps", "index": 0},
    }


@pytest.mark.parametrize("environ", [{}, {VARIABLE: " "}])
def test_without_a_config_a_process_is_no_member(environ: dict[str, str]) -> None:
    assert place_of_process(MULTI_WORKER, environ) is None


@pytest.mark.parametrize("strategy", ["one_device", "mirrored"])
def test_a_strategy_of_one_process_reads_no_config(strategy: str) -> None:
    assert place_of_process(strategy, {VARIABLE: "not even JSON"}) is None


@pytest.mark.parametrize(
    ("strategy", "environ", "message"),
    [
        (MULTI_WORKER, {VARIABLE: "{"}, "must be JSON with a cluster"),
        (MULTI_WORKER, {VARIABLE: "[]"}, "must be JSON with a cluster"),
        (MULTI_WORKER, {VARIABLE: '{"cluster": {"worker": ["a:1"]}}'}, "KeyError\\('task'\\)"),
        (MULTI_WORKER, said({"worker": "a:1"}), "'a:1' is not a list of addresses"),
        (MULTI_WORKER, said({"worker": ["a:1"]}, index="two"), "'two'"),
        (MULTI_WORKER, said({"worker": ["a"]}), "must be host:port, found 'a'"),
        (MULTI_WORKER, said({"worker": ["a:70000"]}), "must be host:port, found 'a:70000'"),
        (MULTI_WORKER, said({"worker": ["a:1", "a:1"]}), "found a:1 twice"),
        (MULTI_WORKER, said({"worker": []}), "must have workers only, at least one of each, found worker 0"),
        (
            MULTI_WORKER,
            said({"worker": ["a:1"]}, index=1),
            r"member of its cluster \(worker-0\), found worker-1",
        ),
        (
            MULTI_WORKER,
            said({"worker": ["a:1"], "ps": ["b:1"]}),
            "must have workers only, .* found worker 1, ps 1",
        ),
        (
            PARAMETER_SERVER,
            said({"worker": ["a:1"], "ps": ["b:1"]}),
            "one chief, and workers and parameter servers",
        ),
        (
            PARAMETER_SERVER,
            said({"worker": ["a:1"], "ps": ["b:1"], "chief": ["c:1", "d:1"]}),
            "found worker 1, ps 1, chief 2",
        ),
        (PARAMETER_SERVER, said({}), "found none"),
    ],
)
def test_what_cannot_be_is_said(strategy: str, environ: dict[str, str], message: str) -> None:
    with pytest.raises(ClusterError, match=message):
        place_of_process(strategy, environ)


def test_a_local_cluster_has_as_many_members_as_the_settings_say() -> None:
    training = Training(strategy="parameter_server", workers=3, parameter_servers=2)
    cluster = Cluster.local(training)
    assert {role: len(addresses) for role, addresses in cluster.addresses.items()} == {
        "chief": 1,
        "worker": 3,
        "ps": 2,
    }
    assert len({member.port for member in cluster.members}) == 6
    assert set(Cluster.local(Training(strategy="multi_worker_mirrored")).addresses) == {"worker"}


def test_a_port_on_which_somebody_listens_is_busy() -> None:
    [port] = free_ports(1)
    check_port(port)
    with socket.create_server(("", port)):
        with pytest.raises(PortError, match=f"must listen on port {port}, but: ") as caught:
            check_port(port)
        assert caught.value.port == port
    check_port(port)
