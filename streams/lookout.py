"""What a streams worker makes of what :mod:`runtime.lookout` sees: it waits for the cluster, or must end."""

import logging
from collections.abc import Callable, Collection, Mapping

from runtime.errors import Fatal, PositionError
from runtime.health import Health
from runtime.kafka_admin import admin
from runtime.lookout import Seen
from runtime.mends import NEW_EPOCH, REBUILD_STATE
from runtime.settings.system import KafkaSettings
from runtime.topic_admin import CREATE, topic_ids
from runtime.topics import TopicNames

log = logging.getLogger(__name__)


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
