"""Logs: structured, and without metering points."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from runtime import logs
from runtime.settings.secret import Secret
from runtime.settings.system import LogSettings

CHATTY = ("kafka", "aiokafka.producer.sender")
POINT = "735999100057526501"


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """Puts the loggers back as they were."""
    logger = logging.getLogger()
    handlers = logger.handlers[:]
    levels = {name: logging.getLogger(name).level for name in (None, "aiokafka", "faust", *CHATTY)}
    yield logger
    logger.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def logged(settings: LogSettings, root: logging.Logger) -> str:
    """What a warning with extra fields and an exception looks like."""
    logs.configure(settings)
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    handler.setStream(stream)
    logging.getLogger("meterstream.test").warning(
        "Fjärr %d", 3, extra={"source": "hours"}, exc_info=RuntimeError("boom")
    )
    logging.getLogger("meterstream.test").debug("unseen")
    return stream.getvalue()


def test_a_line_of_json_has_the_fields(root: logging.Logger) -> None:
    (line,) = logged(LogSettings(format="json"), root).splitlines()
    record = json.loads(line)
    assert record["time"].endswith("Z")
    assert (record["level"], record["logger"], record["message"]) == ("WARNING", "meterstream.test", "Fjärr 3")
    assert record["source"] == "hours"
    assert "boom" in record["exc_info"]


def test_text_has_the_extra_fields_after_the_message(root: logging.Logger) -> None:
    first = logged(LogSettings(format="text"), root).splitlines()[0]
    assert first.endswith("meterstream.test Fjärr 3 source=hours")


def test_a_point_appears_as_a_keyed_hash() -> None:
    key = Secret(env="KEY")
    one = logs.Pseudonyms(LogSettings(hash_key=key), {"KEY": "a"})
    same = logs.Pseudonyms(LogSettings(hash_key=key), {"KEY": "a"})
    other = logs.Pseudonyms(LogSettings(hash_key=key), {"KEY": "b"})
    assert one.point(POINT) == same.point(POINT) != other.point(POINT)
    assert one.point(POINT) != one.point(POINT + "0")
    assert POINT not in one.point(POINT)


def test_without_a_key_each_start_has_its_own() -> None:
    assert logs.Pseudonyms(LogSettings(), {}).point(POINT) != logs.Pseudonyms(LogSettings(), {}).point(POINT)


def test_a_setting_reveals_points() -> None:
    assert logs.Pseudonyms(LogSettings(reveal_metering_points=True), {}).point(POINT) == POINT


@pytest.mark.parametrize("name", ["kafka.net.manager", *CHATTY])
@pytest.mark.parametrize(
    ("level", "least"),
    [("debug", logging.INFO), ("info", logging.WARNING), ("warning", logging.WARNING), ("error", logging.ERROR)],
)
def test_clients_that_tell_every_connection_are_heard_from_warnings_on(
    level: Literal["debug", "info", "warning", "error"], least: int, name: str
) -> None:
    """At level debug they tell more, though never all; at level error no more than the others."""
    logs.configure(LogSettings(level=level))
    assert logging.getLogger(name).getEffectiveLevel() == least


@pytest.mark.parametrize("name", ["kafka.net.connection", "aiokafka.conn", "aiokafka.producer.producer", "faust.app"])
def test_what_shows_whole_requests_is_never_shown(name: str) -> None:
    """Their debug lines hold passwords, tokens, readings and metering points."""
    logs.configure(LogSettings(level="debug"))
    assert logging.getLogger("producer.run").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)


def test_the_other_loggers_of_the_clients_are_heard() -> None:
    logs.configure(LogSettings(level="info"))
    assert logging.getLogger("aiokafka.consumer.group_coordinator").isEnabledFor(logging.INFO)
