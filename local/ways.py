"""The ways from the product's processes to what they connect to, each through a proxy of its own.

Names: ``producer-utility``, ``sink-vitec-postgresql``, and for each group of Kafka's clients and each broker
``streams-kafka-1``.
"""

from collections.abc import Mapping

from psycopg.conninfo import make_conninfo

from local.kafka_settings import Listener
from local.network import Network
from local.ports import free_port
from local.proxy import HOST
from local.wire import KafkaWire, PostgresWire

KAFKA_CLIENTS = ("producer", "streams", "sinks")
UTILITY = "producer-utility"
DATABASE = "sink-vitec-postgresql"


def kafka_doors(network: Network, brokers: int) -> list[list[Listener]]:
    """For each broker a listener for each group of clients, which is told to come through the proxy."""
    return [[_door(network, client, number) for client in KAFKA_CLIENTS] for number in range(1, brokers + 1)]


def _door(network: Network, client: str, number: int) -> Listener:
    port = free_port()
    return Listener(client.upper(), port, network.add(f"{client}-kafka-{number}", port, KafkaWire))


def kafka_address(network: Network, client: str) -> Mapping[str, str]:
    """The environment in which a process of that group finds its doors."""
    doors = [f"{HOST}:{network.port(name)}" for name in network.names(f"{client}-kafka-")]
    return {"METERSTREAM__KAFKA__BOOTSTRAP_SERVERS": ",".join(doors)} if doors else {}


def utility_address(network: Network, port: int) -> str:
    """The utility's address through the network."""
    return f"http://{HOST}:{network.add(UTILITY, port)}"


def database_address(network: Network, dsn: str, port: int) -> str:
    """The database's address through the network. ``port``: where it listens."""
    return make_conninfo(dsn, host=HOST, port=network.add(DATABASE, port, PostgresWire))
