"""What a local broker is told: its place in the cluster, its listeners, and the server.properties they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from local.ports import free_port

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]


CONTROLLER = "controller"
"""The user as whom controllers log in to each other."""


@dataclass(frozen=True)
class Node:
    """The broker's place in its cluster. The default is a cluster of one.

    Attributes:
        node_id: Its number, unique in the cluster.
        name: What it is called in messages and by a supervisor.
        controller_port: Where its controller listens; 0: a free port.
        voters: The controllers, `id@127.0.0.1:port` with commas; empty: itself alone.
        cluster_id: The cluster's id; empty: a random one, made once per data directory.
        replication: Copies of the internal topics (offsets, transactions). All but one of them must be in step for a
            write, so that one broker may be away; with one copy, that one.
        controller_password: With it the controllers log in to each other, as a user who may do everything: an
            authoriser lets nobody else vote before there is a leader to say who may. Empty: they are not asked.
        java_options: Further options of its Java machine, such as `-Xmx256m`; a later one beats our own.
    """

    node_id: int = 1
    name: str = "Kafka"
    controller_port: int = 0
    voters: str = ""
    cluster_id: str = ""
    replication: int = 1
    controller_password: str = ""
    java_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listener:
    """One more door of a broker beside its plain one, on loopback. Brokers among themselves never use it.

    Attributes:
        name: Upper-case letters, digits and underscores; not PLAINTEXT or CONTROLLER.
        port: Where the broker listens; chosen free where it is not given.
        advertised_port: The port that the broker names to this door's clients, such as a proxy's; 0: its own.
        protocol: What is spoken there.
        properties: The door's own settings, without their prefix `listener.name.<name>.`: `ssl.keystore.location`,
            `sasl.enabled.mechanisms`, `scram-sha-512.sasl.jaas.config`.
    """

    name: str
    port: int = field(default_factory=free_port)
    advertised_port: int = 0
    protocol: Protocol = "PLAINTEXT"
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the broker listens, `host:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def advertised(self) -> str:
        """Where its clients are sent, `host:port`."""
        return f"127.0.0.1:{self.advertised_port or self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """Its own settings as server.properties names them."""
        prefix = f"listener.name.{self.name.lower()}."
        return {prefix + name: value for name, value in self.properties.items()}


def server_settings(node: Node, plain: Listener, listeners: Sequence[Listener], log_dir: Path) -> dict[str, str]:
    """The server.properties of one broker that is its own controller, by name. The node's controller port is known."""
    doors = [plain, *listeners]
    controller = _controller(node)
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": node.voters or f"{node.node_id}@{controller.address}",
        "controller.listener.names": controller.name,
        "inter.broker.listener.name": plain.name,
        "listeners": ",".join(f"{door.name}://{door.address}" for door in [*doors, controller]),
        "advertised.listeners": ",".join(f"{door.name}://{door.advertised}" for door in doors),
        "listener.security.protocol.map": ",".join(f"{door.name}:{door.protocol}" for door in [*doors, controller]),
        "log.dirs": str(log_dir),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "log.cleaner.backoff.ms": "1000",  # what can be compacted is, within seconds
        **_internal_topics(node.replication),
        **controller.settings,
    }
    if node.controller_password:
        settings |= {"sasl.mechanism.controller.protocol": "PLAIN", "super.users": f"User:{CONTROLLER}"}
    for door in listeners:
        settings |= door.settings
    return settings


def _controller(node: Node) -> Listener:
    if not node.controller_password:
        return Listener("CONTROLLER", node.controller_port)
    password = node.controller_password
    login = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{CONTROLLER}" password="{password}" user_{CONTROLLER}="{password}";'
    )
    properties = {"sasl.enabled.mechanisms": "PLAIN", "plain.sasl.jaas.config": login}
    return Listener("CONTROLLER", node.controller_port, protocol="SASL_PLAINTEXT", properties=properties)


def _internal_topics(copies: int) -> dict[str, str]:
    """Few partitions: the first group and the first transaction wait until all of them are there."""
    in_step = str(max(1, copies - 1))
    return {
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": in_step,
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": in_step,
    }


def properties_text(settings: Mapping[str, str]) -> str:
    """Settings as the text of a .properties file, in which a backslash begins an escape."""
    return "".join(f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in settings.items())
