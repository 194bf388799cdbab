"""Three brokers of a local system that are kept running, and clients that tell what a cluster lets them do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition

from local.cluster import BOOTSTRAP_VARIABLE
from local.options import Options
from local.system import LocalSystem
from runtime import topic_admin


@contextmanager
def three_brokers(directory: Path, partitions: int) -> Iterator[LocalSystem]:
    """The brokers of a local system, kept running, and its topics; none of its other processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(BOOTSTRAP_VARIABLE, raising=False)
        made = LocalSystem(Options(directory, brokers=3, partitions=partitions))
    with made as system, kept_running(system):
        system.start_kafka()
        system.config.write_text(
            f'[kafka]\nbootstrap_servers = "{system.cluster.bootstrap_servers}"\n'
            f"[topics]\npartitions = {partitions}\nreplication_factor = 3\nmin_insync_replicas = 2\n"
        )
        topic_admin.create(system.settings)
        yield system


@contextmanager
def kept_running(system: LocalSystem) -> Iterator[None]:
    """What ends is started again, as in a chaos run."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.2):
            system.tick()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def refused_with(servers: str, topic: str) -> int:
    """Writes a record; the code of its refusal, 0 where it is taken."""
    told: list[int] = []
    producer = Producer({"bootstrap.servers": servers})
    producer.produce(topic, bytes(500), b"key", on_delivery=lambda error, _: told.append(error.code() if error else 0))
    producer.flush(30)
    return told[0]


def kept_waiting(servers: str, topic: str, partitions: int) -> int:
    """How many records, one to each partition, are not acknowledged within five seconds."""
    producer = Producer({"bootstrap.servers": servers, "acks": "all"})
    for partition in range(partitions):
        producer.produce(topic, b"other", b"other", partition=partition)
    waiting = producer.flush(5)
    producer.purge()
    return waiting


class Tail:
    """Reads what is written to a topic from now on. A context manager."""

    def __init__(self, servers: str, topic: str, partitions: int) -> None:
        self._consumer = Consumer({"bootstrap.servers": servers, "group.id": "nobody"})
        self._consumer.assign([TopicPartition(topic, partition, OFFSET_END) for partition in range(partitions)])

    def read(self) -> int | None:
        """0: there was a record; the code of a refusal; None: nothing came within a second."""
        record = self._consumer.poll(1)
        error = record.error() if record else None
        return error.code() if error else (0 if record else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._consumer.close()
