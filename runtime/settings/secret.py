"""Secrets: written as ``{ env = "NAME" }`` or ``{ file = "path" }`` (or, for trials, the text itself).

A secret is read only by the process that needs it, and never shown. While one is changed, the new and the old one can
stand side by side: ``[{ file = "new" }, { file = "old" }]``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class MissingSecret(ValueError):
    """The place that should hold the secret does not; the message names the place."""


@dataclass(frozen=True)
class Secret:
    """Where a secret stands. ``reveal`` gives its text."""

    env: str | None = None
    file: Path | None = None
    text: str | None = field(default=None, repr=False)

    def reveal(self, environment: Mapping[str, str]) -> str:
        """The secret's text, without a file's final line break.

        Raises:
            MissingSecret: the variable is not set, or the file cannot be read, or it is empty.
        """
        value = self._read(environment)
        if not value:
            raise MissingSecret(f"{self} is empty")
        return value

    def _read(self, environment: Mapping[str, str]) -> str:
        if self.text is not None:
            return self.text
        if self.env is not None:
            if self.env not in environment:
                raise MissingSecret(f"{self} is not set")
            return environment[self.env]
        if self.file is None:
            raise MissingSecret("neither env nor file is given")
        try:
            return self.file.read_text("utf-8").rstrip("\r\n")
        except OSError as error:
            raise MissingSecret(f"file {self.file} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise MissingSecret(f"file {self.file} is not UTF-8 text") from error

    def __str__(self) -> str:
        if self.env is not None:
            # Somebody may have written the secret itself where its variable's name belongs.
            return f"environment variable {self.env if _NAME.fullmatch(self.env) else '(env holds no name of one)'}"
        return f"file {self.file}" if self.file is not None else "********"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Accepts the three written forms."""
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def parse(cls, written: Any) -> "Secret":
        """The secret that one of the three written forms means.

        Raises:
            ValueError: it is none of them.
        """
        match written:
            case Secret():
                return written
            case str() if written:
                return cls(text=written)
            case {"env": str(name)} if len(written) == 1:
                return cls(env=name)
            case {"file": str(name)} if len(written) == 1:
                return cls(file=Path(name))
        raise ValueError('write { env = "NAME" } or { file = "path" }')


@dataclass(frozen=True)
class Secrets:
    """A secret, or several of which any may be the one that is accepted: tried in this order."""

    places: tuple[Secret, ...]

    def readable(self, environment: Mapping[str, str]) -> Sequence[tuple[Secret, str]]:
        """Those that can be read now, as place and text.

        Raises:
            MissingSecret: none can be; the message names every place.
        """
        found: list[tuple[Secret, str]] = []
        missing: list[str] = []
        for place in self.places:
            try:
                found.append((place, place.reveal(environment)))
            except MissingSecret as error:
                missing.append(str(error))
        if not found:
            raise MissingSecret("; ".join(missing))
        return found

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Accepts what a secret is written as, or a list of such."""
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def parse(cls, written: Any) -> "Secrets":
        """The secrets that are written.

        Raises:
            ValueError: one of them is none, or there is none.
        """
        match written:
            case Secrets():
                return written
            case [_, *_]:
                return cls(tuple(map(Secret.parse, written)))
        return cls((Secret.parse(written),))
