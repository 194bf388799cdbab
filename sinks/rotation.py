"""Credentials that change while a worker delivers: read at each connection, the new and the old one tried in order."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

from runtime.errors import ConfigError, Transient
from runtime.settings.secret import MissingSecret, Secret
from sinks.database import CredentialsRefused, Database

log = logging.getLogger(__name__)

Read = Callable[[], Sequence[tuple[Secret, str]]]
"""The DSNs that can be read now, as place and text; raises MissingSecret."""


def rotating(receiver: str, read: Read, make: Callable[[str], Database]) -> Database:
    """A database that is connected to with what stands in its secrets at that moment.

    Args:
        receiver: for messages.
        read: its DSNs, in the order in which they are tried: the next one where the database refuses the one before.
        make: a database of one DSN, not opened.

    Raises:
        ConfigError: no DSN can be read, or one is not as it must be.
    """
    try:
        made = {text: make(text) for _, text in read()}
    except MissingSecret as error:
        raise ConfigError([f"receivers.{receiver}.dsn: {error}"]) from None
    # Whatever a database can do it does, but connecting: __getattr__ hands it on.
    return cast(Database, _Rotating(receiver, read, make, made))


class _Rotating:
    """See :func:`rotating`."""

    def __init__(self, receiver: str, read: Read, make: Callable[[str], Database], made: dict[str, Database]) -> None:
        self._receiver = receiver
        self._read = read
        self._make = make
        self._made = made
        self._open = next(iter(made.values()))
        self._accepted: tuple[Secret, str] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._open, name)

    def connect(self) -> None:
        """See :class:`sinks.database.Database`. A secret that is gone, or is no DSN any more, is waited for."""
        self._open.close()
        try:
            readable = self._read()
        except MissingSecret as error:
            raise Transient(f"receivers.{self._receiver}.dsn: {error}") from None
        self._forget_others(readable)
        why: Transient | None = None
        for place, text in readable:
            try:
                self._connect(place, text)
            except CredentialsRefused as error:
                log.warning("the database refuses the credentials of %s", place, extra={"receiver": self._receiver})
                why = why or error
            else:
                return
        if why is not None:
            raise why

    def _connect(self, place: Secret, text: str) -> None:
        try:
            database = self._made.get(text) or self._make(text)
        except ConfigError as error:
            # It was right when the worker started: somebody is changing it.
            raise CredentialsRefused(f"{place}: {'; '.join(error.problems)}") from None
        self._made[text] = database
        database.connect()
        self._open = database
        if self._accepted != (place, text):
            log.info("the database accepts the credentials of %s", place, extra={"receiver": self._receiver})
            self._accepted = place, text

    def _forget_others(self, readable: Sequence[tuple[Secret, str]]) -> None:
        texts = {text for _, text in readable}
        self._made = {text: database for text, database in self._made.items() if text in texts}
