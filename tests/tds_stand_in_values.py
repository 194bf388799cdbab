"""Types and values of TDS 7.4, as far as the stand-in takes and gives them.

https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds (TYPE_INFO, TYPE_VARBYTE)
"""

import struct
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

COLLATION = struct.pack("<LB", 0x0409 | 0x2000000, 0)
_DAY_ONE = datetime(1, 1, 1)  # noqa: DTZ001 - datetime2 has no zone
_NULL_TEXT = 0xFFFF
_NULL_LARGE = (1 << 64) - 1
_UNKNOWN_LENGTH = _NULL_LARGE - 1
_DIGITS = Context(prec=60)


class Reader:
    """Reads a message from its beginning."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        assert len(taken) == size, "the message is shorter than it says"
        self._at += size
        return taken

    def number(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def text(self, length_bytes: int) -> str:
        return self.take(2 * self.number(length_bytes)).decode("utf-16-le")

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._data)

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)


Read = Callable[[Reader], Any]


def value_reader(message: Reader) -> Read:
    """Reads a TYPE_INFO; gives what reads values of that type."""
    kind = message.number(1)
    match kind:
        case 0x26:  # INTN
            message.take(1)
            return _sized(lambda data: int.from_bytes(data, "little", signed=True))
        case 0x68:  # BITN
            message.take(1)
            return _sized(lambda data: data != b"\0")
        case 0x6A:  # DECIMALN
            _, _, scale = message.take(3)
            return _sized(lambda data: _decimal(data, scale))
        case 0x2A:  # DATETIME2N
            assert message.number(1) == 6, "datetime2 of another scale"
            return _sized(_datetime)
        case 0xE7:  # NVARCHAR
            return _long(_sized_by(message, collated=True), lambda data: data.decode("utf-16-le"))
        case 0xA5:  # BIGVARBINARY
            return _long(_sized_by(message, collated=False), lambda data: data)
    raise AssertionError(f"a type that the stand-in does not know: {kind:#x}")


def _sized(made: Callable[[bytes], Any]) -> Read:
    def read(message: Reader) -> Any:
        data = message.take(message.number(1))
        return made(data) if data else None

    return read


def _sized_by(message: Reader, *, collated: bool) -> bool:
    """Whether a type is a (max) one."""
    size = message.number(2)
    if collated:
        message.take(len(COLLATION))
    return size == _NULL_TEXT


def _long(large: bool, made: Callable[[bytes], Any]) -> Read:
    def read(message: Reader) -> Any:
        data = _chunks(message) if large else _short(message)
        return None if data is None else made(data)

    return read


def _short(message: Reader) -> bytes | None:
    length = message.number(2)
    return None if length == _NULL_TEXT else message.take(length)


def _chunks(message: Reader) -> bytes | None:
    if message.number(8) == _NULL_LARGE:
        return None
    parts = []
    while length := message.number(4):
        parts.append(message.take(length))
    return b"".join(parts)


def _decimal(data: bytes, scale: int) -> Decimal:
    sign = 1 if data[0] else -1
    return Decimal(sign * int.from_bytes(data[1:], "little")).scaleb(-scale, _DIGITS)


def _datetime(data: bytes) -> datetime:
    days = timedelta(days=int.from_bytes(data[5:], "little"))
    return _DAY_ONE + days + timedelta(microseconds=int.from_bytes(data[:5], "little"))


def columns_and_rows(names: Sequence[str], kinds: Sequence[type], rows: Sequence[Sequence[Any]]) -> bytes:
    """The tokens COLMETADATA and ROW. ``kinds``: of the columns, among those of :data:`_GIVEN`."""
    parts = [struct.pack("<BH", 0x81, len(names))]
    for name, kind in zip(names, kinds, strict=True):
        parts += [struct.pack("<IH", 0, 1), _GIVEN[kind][0], bytes([len(name)]), name.encode("utf-16-le")]
    for row in rows:
        parts.append(b"\xd1")
        parts += [_GIVEN[kind][1](value) for kind, value in zip(kinds, row, strict=True)]
    return b"".join(parts)


def _short_form(size: int, made: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    return lambda value: b"\0" if value is None else bytes([size]) + made(value)


def _large_form(made: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def form(value: Any) -> bytes:
        if value is None:
            return _NULL_LARGE.to_bytes(8, "little")
        data = made(value)
        chunk = len(data).to_bytes(4, "little") + data if data else b""
        return _UNKNOWN_LENGTH.to_bytes(8, "little") + chunk + bytes(4)

    return form


def _decimal_bytes(value: Decimal) -> bytes:
    number = int(value.scaleb(12, _DIGITS))
    return bytes([number >= 0]) + abs(number).to_bytes(16, "little")


def _datetime_bytes(value: datetime) -> bytes:
    since = value - _DAY_ONE
    rest = since.seconds * 1_000_000 + since.microseconds
    return rest.to_bytes(5, "little") + since.days.to_bytes(3, "little")


def _date_bytes(value: date) -> bytes:
    return (value.toordinal() - 1).to_bytes(3, "little")


_GIVEN: dict[type, tuple[bytes, Callable[[Any], bytes]]] = {
    bool: (b"\x68\x01", _short_form(1, lambda value: bytes([value]))),
    int: (b"\x26\x08", _short_form(8, lambda value: value.to_bytes(8, "little", signed=True))),
    Decimal: (bytes((0x6A, 17, 38, 12)), _short_form(17, _decimal_bytes)),
    datetime: (b"\x2a\x06", _short_form(8, _datetime_bytes)),
    date: (b"\x28", _short_form(3, _date_bytes)),
    str: (b"\xe7\xff\xff" + COLLATION, _large_form(lambda value: value.encode("utf-16-le"))),
    bytes: (b"\xa5\xff\xff", _large_form(bytes)),
}
