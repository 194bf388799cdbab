"""Kafka brokers that make one cluster on loopback: one, or three that keep three copies and work on with two.

    with KafkaCluster(directory, size=3) as cluster:
        ...  # cluster.bootstrap_servers

A supervisor that starts processes itself takes `prepare()`, then of each of `brokers` `command()`, `service` and
`ready()`, and last `complete()`.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Self

from local.kafka import START_SECONDS, KafkaBroker, random_cluster_id
from local.kafka_probe import brokers_in_service
from local.kafka_settings import Listener, Node
from local.ports import free_port
from local.process import ServiceError

AUTHORISER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
"""Who may do what is asked, and denied where an entry of the access list says so; at first there are none."""

SWIFT = {
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "log.cleaner.dedupe.buffer.size": str(8 << 20),
}
"""For several brokers: what a killed one led is taken over within seconds; and each is content with little memory."""

SMALL = ("-Xms64m", "-Xmx256m")
"""Java's memory of each of several brokers."""

_PAUSE = 0.1


class KafkaCluster:
    """A cluster of one broker or of several. The same directory carries on the same cluster.

    Attributes:
        brokers: Its brokers, each its own controller: `Kafka`, or `Kafka-1` to `Kafka-3`, in order of their ids.
    """

    def __init__(
        self,
        directory: Path,
        size: int = 1,
        properties: Mapping[str, str] | None = None,
        listeners: Sequence[Sequence[Listener]] = (),
    ) -> None:
        """Starts nothing. ``listeners``: for each broker its further ones; empty: none."""
        properties = AUTHORISER | (SWIFT if size > 1 else {}) | dict(properties or {})
        directories = [directory] if size == 1 else [directory / str(number) for number in range(1, size + 1)]
        self.brokers = tuple(
            KafkaBroker(where, free_port(), properties, node, doors)
            for where, node, doors in zip(directories, _nodes(directory, size), listeners or [()] * size, strict=True)
        )

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients: of every broker, with commas."""
        return ",".join(broker.bootstrap_servers for broker in self.brokers)

    def prepare(self) -> None:
        """Makes every data directory ready, as `KafkaBroker.prepare`. Starts nothing that stays."""
        self._each(KafkaBroker.prepare)

    def start(self) -> None:
        """Starts the brokers that do not run, and waits until all are in service.

        Raises:
            JarError: A jar is missing and cannot be fetched, or is altered.
            ServiceError: A broker did not come up; the message holds its log's end.
        """
        self._each(KafkaBroker.start)
        end = time.monotonic() + START_SECONDS
        while not self.complete():
            if time.monotonic() > end:
                raise ServiceError(
                    f"not every one of {len(self.brokers)} brokers is in service after {START_SECONDS:g} s"
                )
            time.sleep(_PAUSE)

    def stop(self) -> None:
        """Ends every broker in order, all at once. Returns when all are gone."""
        self._each(KafkaBroker.stop)

    def complete(self) -> bool:
        """Whether every broker knows that all are in service."""
        return all(brokers_in_service(broker.port) == len(self.brokers) for broker in self.brokers)

    def __enter__(self) -> Self:
        """Starts it; what has started is stopped where another broker does not."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops it."""
        self.stop()

    def _each(self, call: Callable[[KafkaBroker], object]) -> None:
        with ThreadPoolExecutor(len(self.brokers)) as pool:
            list(pool.map(call, self.brokers))


def _nodes(directory: Path, size: int) -> list[Node]:
    if size == 1:
        return [Node()]
    ports = {number: free_port() for number in range(1, size + 1)}
    voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in ports.items())
    alike = Node(
        voters=voters,
        cluster_id=_cluster_id(directory),
        replication=min(3, size),
        controller_password=secrets.token_hex(16),
        java_options=SMALL,
    )
    return [
        replace(alike, node_id=number, name=f"Kafka-{number}", controller_port=port) for number, port in ports.items()
    ]


def _cluster_id(directory: Path) -> str:
    """One for all of its brokers, kept from the first start on."""
    file = directory / "cluster.id"
    if not file.exists():
        directory.mkdir(parents=True, exist_ok=True)
        file.write_text(random_cluster_id(), encoding="ascii")
    return file.read_text(encoding="ascii")
