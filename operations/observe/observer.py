"""The observer's life: look, tell, wait. While Kafka is away it tells nothing, rather than what is no longer so."""

import logging
import time

from kafka.errors import KafkaError

from operations.dead_letter_fold import PARKED_AFTER, Codecs
from operations.observe.cluster import Cluster, look
from operations.observe.followed import FollowedLetters
from operations.observe.letters import Counts
from runtime.errors import ConfigError, Transient
from runtime.metrics import ObserverMetrics
from runtime.process import Process, Run
from runtime.registry import schema_registry
from runtime.retry import Backoff
from runtime.topic_admin import CREATE
from runtime.topics import TopicNames
from schemas import instants
from schemas.codec import Codec
from schemas.events import DeadLetter, PutBack

log = logging.getLogger(__name__)

ANSWER_WITHIN = 10.0
"""Seconds that an answer may take at most."""
PIECE = 10.0
"""Seconds after which a long wait shows that it lives."""


def build(process: Process) -> Run:
    """Puts the observer together; connects to nothing."""
    return Observer(process).run


class Observer:
    """Looks again and again. It keeps nothing beyond its own life and changes nothing: several may run."""

    def __init__(self, process: Process) -> None:
        """Connects to nothing yet."""
        settings = process.settings
        timeout = min(ANSWER_WITHIN, settings.kafka.request_timeout)
        kafka = settings.kafka.model_copy(update={"request_timeout": timeout})
        registry = schema_registry(settings.registry, process.environment)
        codecs = Codecs(Codec(DeadLetter, registry), Codec(PutBack, registry))
        self._settings = settings.model_copy(update={"kafka": kafka})
        self._process = process
        self._letters = FollowedLetters(kafka, TopicNames.of(settings), codecs, process.health.beat)
        self._metrics = ObserverMetrics(process.registry)
        self._trouble: str | None = None
        self._unreadable = 0

    def run(self) -> None:
        """Works until a stop is requested."""
        stop, failures = self._process.stop, 0
        backoff = Backoff(initial=0.5, maximum=self._settings.observer.every)
        while not stop.requested:
            self._process.health.beat()
            try:
                trouble, pause = self._look(), self._settings.observer.every
                failures = 0
            except (Transient, ConfigError, KafkaError) as error:
                failures += 1
                trouble, pause = _said(error), backoff.wait(failures, error)
                self._forget()
            self._note(trouble)
            self._rest(pause)

    def _look(self) -> str | None:
        """Looks and tells; returns what is not there although it must be.

        Raises:
            Transient: Kafka or the schema registry cannot be reached.
            ConfigError: this user lacks a right.
        """
        cluster = look(self._settings)
        self._tell(cluster)
        missing = [topic.name for topic in cluster.progress.topics if not topic.present]
        if missing:
            self._tell_letters(Counts({}, {}, {}))
            return f"topic {missing[0]} is missing: {CREATE}"
        letters = self._letters.read_on({topic.name: topic for topic in cluster.progress.topics})
        self._tell_letters(letters.counts(PARKED_AFTER))
        if letters.unreadable > self._unreadable:
            log.warning("records among the dead letters that are none", extra={"records": letters.unreadable})
        self._unreadable = letters.unreadable
        self._metrics.last_success.show({(): time.time()})
        return None

    def _tell(self, cluster: Cluster) -> None:
        metrics, topics = self._metrics, [topic for topic in cluster.progress.topics if topic.present]
        metrics.topic_end.show({(topic.name,): sum(topic.ends.values()) for topic in topics})
        metrics.under_replicated.show({(topic.name,): topic.under_replicated for topic in topics})
        metrics.topic_bytes.show({(name,): size for name, size in cluster.topic_bytes.items()})
        metrics.group_lag.show({(group,): lag for group, lag in cluster.lags.items()})
        metrics.brokers.show({(): cluster.brokers})
        metrics.disk_total.show({(str(broker),): disk.total for broker, disk in cluster.disks.items()})
        metrics.disk_usable.show({(str(broker),): disk.usable for broker, disk in cluster.disks.items()})

    def _tell_letters(self, counts: Counts) -> None:
        self._metrics.open.show(counts.open)
        self._metrics.parked.show(counts.parked)
        self._metrics.oldest_open.show({kind: at / instants.SECOND for kind, at in counts.oldest.items()})

    def _forget(self) -> None:
        for picture in vars(self._metrics).values():
            if picture is not self._metrics.last_success:
                picture.show({})

    def _note(self, trouble: str | None) -> None:
        """Ready, or not, and why; in the log where it is something else than before."""
        health = self._process.health
        health.ready() if trouble is None else health.waiting(trouble)
        if trouble != self._trouble:
            log.warning("waiting: %s", trouble) if trouble else log.info("everything can be seen again")
        self._trouble = trouble

    def _rest(self, seconds: float) -> None:
        while seconds > 0 and not self._process.stop.wait(min(seconds, PIECE)):
            self._process.health.beat()
            seconds -= PIECE


def _said(error: Transient | ConfigError | KafkaError) -> str:
    """An error of Kafka's client may hold whatever: its kind tells enough."""
    return f"Kafka does not answer ({type(error).__name__})" if isinstance(error, KafkaError) else str(error)
