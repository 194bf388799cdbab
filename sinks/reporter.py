"""Positions as a consumer group's offsets, for lag tools. The receiver's database has the true ones."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from runtime.errors import Transient
from runtime.settings.system import KafkaSettings
from sinks.clients import connected

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two reports at least."""
COMMIT_MS = 5_000
LAST_WORD = 2.0
"""Seconds that the end of the process waits for the last report."""


class KafkaReporter:
    """Reports the newest positions, in a thread and over a connection of its own: delivery never waits for it."""

    def __init__(self, settings: KafkaSettings, topic: str, group: str) -> None:
        """Connects with the first report."""
        self._settings = settings
        self._topic = topic
        self._group = group
        self._newest: Mapping[int, int] = {}
        self._news = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="offsets", daemon=True)
        self._consumer: Any = None
        self._well = True

    def report(self, positions: Mapping[int, int]) -> None:
        """These are the newest positions. Returns at once."""
        self._newest = positions
        self._news.set()
        if not self._thread.is_alive() and not self._ending.is_set():
            self._thread.start()

    def close(self) -> None:
        """Reports what was not yet, if that works within a moment."""
        self._ending.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(LAST_WORD)

    def _work(self) -> None:
        reported: Mapping[int, int] = {}
        while True:
            self._news.wait()
            self._news.clear()
            newest = self._newest
            if newest != reported and self._commit(newest):
                reported = newest
            if self._ending.wait(EVERY):
                if self._newest != reported:
                    self._commit(self._newest)
                break
        if self._consumer is not None:
            self._consumer.close(autocommit=False, timeout_ms=1_000)

    def _commit(self, positions: Mapping[int, int]) -> bool:
        offsets = {
            TopicPartition(self._topic, number): OffsetAndMetadata(position, "", -1)
            for number, position in positions.items()
        }
        try:
            if self._consumer is None:
                self._consumer = connected(
                    KafkaConsumer, self._settings, group_id=self._group, enable_auto_commit=False
                ).client
            self._consumer.commit(offsets, timeout_ms=COMMIT_MS)
        except (KafkaError, Transient) as error:
            self._news.set()
            if self._well:
                log.warning("positions are not reported to Kafka: %s; delivery goes on", type(error).__name__)
            self._well = False
            return False
        self._well = True
        return True
