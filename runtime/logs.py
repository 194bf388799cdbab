"""Logs: structured, to standard error, without readings, secrets or plain metering points."""

import hashlib
import logging
import os
import secrets
import sys
import time
from collections.abc import Mapping

from pythonjsonlogger.json import JsonFormatter

from runtime.log_repeats import Seldom
from runtime.settings.system import LogSettings

_TEXT = "%(asctime)s %(levelname)-7s %(name)s %(message)s"
_JSON = "%(asctime)s %(levelname)s %(name)s %(message)s"
_CHATTY = ("kafka", "aiokafka.producer.sender")
"""Loggers whose information is twenty lines per connection, several per transaction: shown at level debug only."""
_TELLING = ("kafka", "aiokafka", "faust", "mode")
"""Loggers whose debug lines hold whole requests and records: passwords, readings, metering points. Never shown."""
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Utc(logging.Formatter):
    """Times in UTC, ISO 8601 with milliseconds."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


class _JsonFormatter(_Utc, JsonFormatter):
    """One JSON object per line."""


class _TextFormatter(_Utc):
    """Text for people: the message, then the extra fields as key=value."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the name that logging calls
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        return super().formatMessage(record) + "".join(f" {key}={value}" for key, value in extra.items())


def configure(settings: LogSettings) -> None:
    """Sends every logger of this process to standard error, in the configured form. Called once, by a bootstrap."""
    handler = logging.StreamHandler(sys.stderr)
    json_fields = {"asctime": "time", "levelname": "level", "name": "logger"}
    handler.setFormatter(
        _JsonFormatter(_JSON, rename_fields=json_fields, json_ensure_ascii=False)
        if settings.format == "json"
        else _TextFormatter(_TEXT)
    )
    handler.addFilter(Seldom(_TELLING))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    least = logging.NOTSET if settings.level == "debug" else max(logging.WARNING, logging.getLogger().level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(least)
    for name in _TELLING:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger(name).level, logging.getLogger().level))


class Pseudonyms:
    """Metering points as they may appear in logs: a keyed hash, or plain where a setting reveals them."""

    def __init__(self, settings: LogSettings, environment: Mapping[str, str] = os.environ) -> None:
        """Without a configured key a random one is used: hashes are then comparable within one process only."""
        self._reveal = settings.reveal_metering_points
        key = settings.hash_key.reveal(environment) if settings.hash_key else secrets.token_hex(16)
        self._key = hashlib.blake2b(key.encode(), digest_size=32).digest()

    def point(self, metering_point: str) -> str:
        """What to log instead of a metering point."""
        if self._reveal:
            return metering_point
        return "mp-" + hashlib.blake2b(metering_point.encode(), key=self._key, digest_size=6).hexdigest()
