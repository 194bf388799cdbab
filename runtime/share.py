"""A share of the work: the i-th of n, written ``i/n``."""

import re
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import click

_WRITTEN = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


@dataclass(frozen=True)
class Share:
    """``number`` of ``count``, counted from 1."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads ``i/n``. Raises ValueError."""
        match = _WRITTEN.fullmatch(text)
        if match is None or int(match[1]) > int(match[2]):
            raise ValueError(f"{text!r} is no share: write i/n with i from 1 to n, such as 2/3")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.number}/{self.count}"

    def partitions(self, count: int) -> list[int]:
        """Which of so many partitions belong to the share."""
        return list(range(self.number - 1, count, self.count))


S = TypeVar("S", bound=Share)


class ShareType(click.ParamType, Generic[S]):
    """An option that is a share of a kind."""

    name = "i/n"

    def __init__(self, kind: type[S]) -> None:
        """``kind``: what the stage calls it."""
        self._kind = kind

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> S:
        """See click."""
        if isinstance(value, self._kind):
            return value
        try:
            return self._kind.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
