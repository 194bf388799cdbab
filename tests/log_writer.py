"""Numbered records, written to one partition as fast as they are acknowledged, and what of them the log holds."""

import threading
from typing import Any, Self

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

PATIENCE = 30.0
IN_FLIGHT = 20


class LogWriter:
    """A context manager: writes while inside, every record acknowledged by all copies that are in step.

    Attributes:
        acknowledged: The numbers that the cluster said it has, by offset.
        begun: How many records were handed over.
    """

    def __init__(self, servers: str, topic: str, partition: int) -> None:
        self.acknowledged: dict[int, bytes] = {}
        self.begun = 0
        self._servers, self._topic, self._partition = servers, topic, partition
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._failed: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()
        assert self._failed == []

    @property
    def newest(self) -> int:
        """The highest number that was acknowledged; -1: none."""
        return max((int(value) for value in list(self.acknowledged.values())), default=-1)

    def _write(self) -> None:
        producer = Producer({"bootstrap.servers": self._servers, "enable.idempotence": True, "linger.ms": 0})
        while not self._over.is_set():
            if len(producer) < IN_FLIGHT:
                number = b"%d" % self.begun
                producer.produce(self._topic, number, number, self._partition, on_delivery=self._told)
                self.begun += 1
            producer.poll(0.01)
        assert producer.flush(PATIENCE) == 0

    def _told(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed.append(str(error))
            return
        offset, value = message.offset(), message.value()
        assert isinstance(offset, int)
        assert isinstance(value, bytes)
        self.acknowledged[offset] = value


def read_partition(servers: str, topic: str, partition: int) -> dict[int, bytes]:
    """Every record of a partition up to its end, by offset."""
    settings: dict[str, Any] = {"bootstrap.servers": servers, "group.id": "reader", "enable.partition.eof": True}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, partition, 0)])
    found: dict[int, bytes] = {}
    for record in iter(lambda: consumer.poll(PATIENCE), None):
        error = record.error()
        if error is None:
            offset, value = record.offset(), record.value()
            assert isinstance(offset, int)
            assert isinstance(value, bytes)
            found[offset] = value
        elif error.code() == KafkaError._PARTITION_EOF:
            break
    consumer.close()
    return found
