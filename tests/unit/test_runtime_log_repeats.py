"""A line that a library repeats is shown now and then, and says how often it came meanwhile."""

import logging
from dataclasses import dataclass, field

import pytest

from runtime.log_repeats import EVERY, MOST, Seldom
from runtime.logs import configure
from runtime.settings.system import LogSettings


@dataclass
class Log:
    """What passes the filter; an hour of it takes no time."""

    now: float = 0.0
    seldom: Seldom = field(init=False)

    def __post_init__(self) -> None:
        self.seldom = Seldom(("aiokafka", "kafka"), lambda: self.now)

    def say(self, text: str, *args: object, name: str = "aiokafka", level: int = logging.ERROR) -> logging.LogRecord:
        return logging.LogRecord(name, level, __file__, 1, text, args, None)

    def shows(self, record: logging.LogRecord) -> bool:
        return self.seldom.filter(record)


def test_what_is_said_a_thousand_times_is_shown_at_once_and_every_ten_seconds() -> None:
    log, shown = Log(), []
    for moment in range(1_000):
        log.now = moment / 40
        record = log.say("Unable connect to node with id %s: %s", 1, moment)
        if log.shows(record):
            shown.append((log.now, getattr(record, "repeated", 0)))
    assert shown == [(0.0, 0), (EVERY, 399), (2 * EVERY, 399)]


def test_other_lines_levels_and_loggers_are_lines_of_their_own() -> None:
    log = Log()
    assert log.shows(log.say("away"))
    assert log.shows(log.say("back"))
    assert log.shows(log.say("away", level=logging.WARNING))
    assert log.shows(log.say("away", name="aiokafka.conn"))
    assert not log.shows(log.say("away"))


@pytest.mark.parametrize("name", ["producer.run", "kafkaesque"])
def test_what_is_ours_is_always_shown(name: str) -> None:
    log = Log()
    assert all(log.shows(log.say("waiting", name=name)) for _ in range(5))


def test_it_does_not_remember_without_end() -> None:
    log = Log()
    assert all(log.shows(log.say(f"connection {number} is gone")) for number in range(MOST))
    assert log.shows(log.say("one more"))
    assert log.shows(log.say("connection 0 is gone")), "forgotten"


def test_a_process_logs_so() -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure(LogSettings())
        assert any(isinstance(each, Seldom) for each in logging.getLogger().handlers[0].filters)
    finally:
        logging.getLogger().handlers[:] = before
