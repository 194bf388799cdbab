"""What passes on a connection: which requests went to a server whole, and which of them it has answered.

A proxy feeds in the bytes as they come, from the beginning of a connection; they are not kept.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

KAFKA_REQUESTS = {
    0: "Produce",
    1: "Fetch",
    3: "Metadata",
    9: "OffsetFetch",
    11: "JoinGroup",
    22: "InitProducerId",
    24: "AddPartitionsToTxn",
    25: "AddOffsetsToTxn",
    26: "EndTxn",
    28: "TxnOffsetCommit",
}
"""The names of some API keys; others pass as their number."""
_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""PostgreSQL's simple query `COMMIT`, as psycopg sends it."""


@dataclass(frozen=True)
class Request:
    """A request; ``number`` tells it from the others of its connection."""

    name: str
    number: int


class Wire(Protocol):
    """Follows one connection."""

    def asked(self, data: bytes) -> Sequence[Request]:
        """Takes bytes of the client; the requests that ended in them."""

    def answered(self, data: bytes) -> Sequence[int]:
        """Takes bytes of the server; the numbers of the requests whose answers ended in them."""


class Opaque:
    """A :class:`Wire` that knows nothing of what passes."""

    def asked(self, data: bytes) -> Sequence[Request]:
        """None."""
        return ()

    def answered(self, data: bytes) -> Sequence[int]:
        """None."""
        return ()


class KafkaWire:
    """Kafka's protocol, in the clear: frames of a size, then API key, version and correlation id, or the id alone."""

    def __init__(self) -> None:
        self._requests = _Frames(12)
        self._answers = _Frames(8)

    def asked(self, data: bytes) -> Sequence[Request]:
        """See :class:`Wire`."""
        return [_kafka_request(start) for start in self._requests.ended(data)]

    def answered(self, data: bytes) -> Sequence[int]:
        """See :class:`Wire`."""
        return [struct.unpack_from(">i", start, 4)[0] for start in self._answers.ended(data)]


class PostgresWire:
    """PostgreSQL's protocol, in the clear, as far as COMMIT goes: nothing follows it before its answer."""

    def __init__(self) -> None:
        self._tail = b""
        self._commits = 0
        self._waiting = False

    def asked(self, data: bytes) -> Sequence[Request]:
        """See :class:`Wire`."""
        seen = self._tail + data
        self._tail = seen[-len(_COMMIT) + 1 :]
        if not seen.count(_COMMIT):
            return ()
        self._commits += 1
        self._waiting = True
        return [Request("COMMIT", self._commits)]

    def answered(self, data: bytes) -> Sequence[int]:
        """See :class:`Wire`."""
        waiting, self._waiting = self._waiting, False
        return [self._commits] if waiting else ()


class _Frames:
    """Frames that begin with their size; of each its first ``start`` bytes are looked at. No frame is shorter."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._head = b""
        self._left = 0

    def ended(self, data: bytes) -> list[bytes]:
        """Takes bytes; the heads of the frames that ended in them."""
        heads, at = [], 0
        while at < len(data):
            if len(self._head) < self._start:
                piece = data[at : at + self._start - len(self._head)]
                self._head += piece
                at += len(piece)
                if len(self._head) == self._start:
                    self._left = struct.unpack_from(">i", self._head)[0] + 4 - self._start
            else:
                taken = min(self._left, len(data) - at)
                self._left -= taken
                at += taken
            if len(self._head) == self._start and self._left <= 0:
                heads.append(self._head)
                self._head = b""
        return heads


def _kafka_request(start: bytes) -> Request:
    key, _version, number = struct.unpack_from(">hhi", start, 4)
    return Request(KAFKA_REQUESTS.get(key, str(key)), number)
