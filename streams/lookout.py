"""The lookout: sees, beside the work, whether Kafka is there, and whether the topics are still the same ones.

An idle worker asks Kafka for nothing that would fail, and one that reads would not notice a topic that was deleted,
made anew and has outgrown its position, nor that its client has stopped fetching. So the cluster is asked about the
topics every few seconds, in a thread of its own: a client that waits for a broker that is away keeps nobody from
working or stopping.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from runtime.errors import Fatal, MeterstreamError, PositionError
from runtime.health import Health
from runtime.kafka_admin import admin
from runtime.kafka_reach import Distrusted
from runtime.mends import NEW_EPOCH, REBUILD_STATE
from runtime.settings.system import KafkaSettings
from runtime.topic_admin import CREATE, topic_ids
from runtime.topics import TopicNames

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two looks."""
ANSWER_WITHIN = 5.0
"""Seconds that an answer may take; then the worker is not ready."""


@dataclass(frozen=True)
class Sight:
    """What the cluster told: the ids of those topics that exist, by name; the ends of readings by partition."""

    ids: Mapping[str, str]
    ends: Mapping[int, int] = field(default_factory=dict)


Seen = Sight | str | Fatal
"""Or why it told nothing; Fatal: it does not let us in any more."""


class Lookout:
    """What is known, and what is done about what is seen. Lives in the worker's event loop."""

    def __init__(
        self, names: TopicNames, known: Mapping[str, str], health: Health, failed: Callable[[BaseException], object]
    ) -> None:
        """``known``: the ids at the start. ``failed``: called with what must end the process."""
        self._names = names
        self._known = known
        self._health = health
        self._failed = failed
        self._trouble: str | None = None

    def saw(self, seen: Seen) -> None:
        """Takes a look's result."""
        if isinstance(seen, Fatal):
            # The clients would try again and again with the secrets of the start; a new process reads them anew.
            self._failed(seen)
            return
        trouble = seen if isinstance(seen, str) else self._missing(seen.ids)
        if trouble != self._trouble:
            log.warning("waiting: %s", trouble) if trouble else log.info("Kafka answers again")
        if trouble is None:
            self._recover()
        elif self._health.waiting_for in (None, self._trouble):  # another reason to wait stays: it goes by itself
            self._health.waiting(trouble)
        self._trouble = trouble
        if not isinstance(seen, str):
            self._compare(seen.ids)

    def _missing(self, seen: Mapping[str, str]) -> str | None:
        gone = sorted(set(self._known) - set(seen))
        return f"topic {gone[0]} is missing: {CREATE}" if gone else None

    def _recover(self) -> None:
        if self._trouble is not None and self._health.waiting_for == self._trouble:
            self._health.ready()

    def _compare(self, seen: Mapping[str, str]) -> None:
        for name, known in self._known.items():
            if seen.get(name, known) != known:
                mend = REBUILD_STATE if name == self._names.state else NEW_EPOCH
                self._failed(PositionError(f"topic {name} was made anew while it was in use; {mend}"))


def ids(kafka: KafkaSettings, names: Collection[str]) -> dict[str, str]:
    """The ids of those topics that exist.

    Raises:
        Transient: the cluster cannot be reached.
    """
    with admin(kafka) as client:
        return topic_ids(client, names)


@dataclass(frozen=True)
class Aim:
    """What is looked at: the topics that must stay the same, and the places whose ends are told."""

    topics: Collection[str]
    readings: Collection[TopicPartition]


def look_out(kafka: KafkaSettings, aim: Aim, tell: Callable[[Seen], object]) -> None:
    """Starts to look, and tells ``tell`` – in another thread – what was seen, until that raises RuntimeError.

    An event loop's ``call_soon_threadsafe`` raises it once the loop is closed.
    """
    impatient = kafka.model_copy(update={"request_timeout": min(ANSWER_WITHIN, kafka.request_timeout)})
    threading.Thread(target=_look, args=(impatient, aim, tell), name="lookout", daemon=True).start()


def _sight(client: Any, aim: Aim) -> Sight:
    ids = topic_ids(client, aim.topics)
    if len(ids) < len(aim.topics):
        return Sight(ids)
    ends = client.list_partition_offsets(dict.fromkeys(aim.readings, OffsetSpec.LATEST))
    return Sight(ids, {place.partition: end.offset for place, end in ends.items()})


def _look(kafka: KafkaSettings, aim: Aim, tell: Callable[[Seen], object]) -> None:
    while True:
        seen: Seen
        try:
            with admin(kafka) as client:
                while _told(tell, _sight(client, aim)):
                    time.sleep(EVERY)
                return
        except MeterstreamError as error:
            seen = Fatal(str(error)) if isinstance(error, Distrusted) else str(error)
        except KafkaError as error:
            seen = f"Kafka does not answer ({type(error).__name__})"
        if not _told(tell, seen):
            return
        time.sleep(EVERY)


def _told(tell: Callable[[Seen], Any], seen: Seen) -> bool:
    try:
        tell(seen)
    except RuntimeError:
        return False
    return True
