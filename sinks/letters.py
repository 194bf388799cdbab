"""Dead letters on their topic, acknowledged."""

from collections.abc import Sequence
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from runtime.errors import Transient
from runtime.kafka_refusals import refusal
from runtime.settings.system import KafkaSettings
from schemas.codec import Codec
from schemas.events import DeadLetter
from sinks.clients import connected

PARTITION = 0
"""The topic has one."""


class KafkaLetters:
    """Sends dead letters. Connects at the first: most workers never have one."""

    def __init__(self, settings: KafkaSettings, topic: str, codec: Codec[DeadLetter]) -> None:
        self._settings = settings
        self._topic = topic
        self._codec = codec
        self._producer: Any = None

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Sends some and waits for their acknowledgements; none is fine.

        Raises:
            Transient: they are not all acknowledged; send all of them again (a letter seen twice is one letter).
        """
        if not letters:
            return
        if self._producer is None:
            self._producer = self._connect()
        patience = self._settings.request_timeout
        try:
            futures = [
                self._producer.send(
                    self._topic, key=letter.id.encode(), value=self._codec.encode(letter), partition=PARTITION
                )
                for letter in letters
            ]
            self._producer.flush(timeout=patience)
            for future in futures:
                future.get(timeout=patience)
        except KafkaError as error:
            self.close()
            refused = refusal(error, f"topic {self._topic}")
            raise Transient(str(refused or f"Kafka: {type(error).__name__} on topic {self._topic}")) from error

    def _connect(self) -> Any:
        patience_ms = int(self._settings.request_timeout * 1000)
        return connected(
            KafkaProducer,
            self._settings,
            acks="all",
            max_block_ms=patience_ms,
            delivery_timeout_ms=patience_ms + 1_000,
            max_request_size=4 << 20,
        ).client

    def close(self) -> None:
        """Ends the connection; what is not acknowledged by now was not reported as sent."""
        if self._producer is not None:
            self._producer.close(timeout=0)
            self._producer = None
