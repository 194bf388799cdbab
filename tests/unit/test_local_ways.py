"""Every way from a process to what it connects to leads through a proxy of its own, and every fault finds its ways."""

from random import Random
from types import SimpleNamespace
from typing import cast

import pytest
from psycopg.conninfo import conninfo_to_dict

from local import ways
from local.chaos.fault import Kind
from local.chaos.network_faults import KINDS, WAYS
from local.network import Network
from local.proxy import Trouble
from local.system import LocalSystem


@pytest.fixture
def network() -> Network:
    """With the routes of a system of three brokers; nothing runs."""
    network = Network()
    ways.kafka_doors(network, 3)
    ways.utility_address(network, 1234)
    ways.database_address(network, "postgresql://u:p@127.0.0.1:5432/receiver", 5432)
    return network


def test_each_broker_sends_each_group_of_clients_to_that_group_s_proxy() -> None:
    network = Network()
    doors = ways.kafka_doors(network, 3)
    assert [[door.name for door in of_broker] for of_broker in doors] == [["PRODUCER", "STREAMS", "SINKS"]] * 3
    for number, of_broker in enumerate(doors, 1):
        for door in of_broker:
            assert door.advertised_port == network.port(f"{door.name.lower()}-kafka-{number}") != door.port
    (servers,) = ways.kafka_address(network, "streams").values()
    assert servers == ",".join(door.advertised for of_broker in doors for door in of_broker if door.name == "STREAMS")


def test_without_proxies_a_process_reads_its_address_in_the_settings_file() -> None:
    assert ways.kafka_address(Network(), "streams") == {}


def test_the_database_is_another_port_of_the_same_address(network: Network) -> None:
    address = conninfo_to_dict(ways.database_address(network, "postgresql://u:p@127.0.0.1:5432/receiver", 5432))
    assert address["port"] == str(network.port(ways.DATABASE))
    assert (address["user"], address["password"], address["dbname"]) == ("u", "p", "receiver")


class Struck(Exception):
    """A fault was about to strike."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_fault_strikes_its_own_way_and_the_same_one_for_the_same_seed(network: Network, kind: Kind) -> None:
    struck: list[tuple[list[str], dict[str, object]]] = []

    class Watched(Network):
        def names(self, beginning: str = "") -> list[str]:
            return network.names(beginning)

        def troubled(self, names: list[str], trouble: Trouble) -> None:  # type: ignore[override]  # it never gives one
            struck.append((names, vars(trouble)))
            raise Struck

    system = cast(LocalSystem, SimpleNamespace(network=Watched()))
    for _ in range(2):
        with pytest.raises(Struck), kind.inject(system, Random(7)):
            pass
    (routes, trouble), again = struck
    assert (routes, trouble) == again
    assert routes
    assert {name.rstrip("-123") for name in routes} == {WAYS[kind.name.partition(":")[0]].rstrip("-")}
    assert trouble != vars(Trouble())
