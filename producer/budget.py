"""How much one answer may hold: bytes, and readings. A hostile or broken one must not take the process's memory."""

from dataclasses import dataclass

from producer.response import Unreadable
from runtime.settings.source import LimitSettings

VALUES_PER_READING = 20
"""More JSON values and escapes than a reading ever has: what is surely too much is refused before it is taken apart."""


@dataclass(slots=True)
class Budget:
    """What is left of the limits of one answer, over all of its pages."""

    limits: LimitSettings
    size: int = 0
    values: int = 0

    def page(self, data: bytes) -> None:
        """Takes a page in, before it is read.

        Raises:
            Unreadable: the answer is too large.
        """
        self.size += len(data)
        self.values += data.count(b",") + (data.count(b"\\") if b"\\" in data else 0)  # found faster than counted
        if self.size > self.limits.max_body_bytes:
            raise Unreadable(f"larger than {self.limits.max_body_bytes} bytes (limits.max_body_bytes)", data)
        if self.values > self.limits.max_readings * VALUES_PER_READING:
            raise self._too_many(data)

    def items(self, number: int, data: bytes) -> None:
        """So many readings and messages are in the answer by now; ``data`` is its present page.

        Raises:
            Unreadable: they are too many.
        """
        if number > self.limits.max_readings:
            raise self._too_many(data)

    def _too_many(self, data: bytes) -> Unreadable:
        return Unreadable(f"more than {self.limits.max_readings} readings (limits.max_readings)", data)
