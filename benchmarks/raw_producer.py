"""The least that JSON bytes to acknowledged readings can be: an encoder by hand for the published message.

No rules, no memory, no checks. What a page says once is encoded once; a text, and a date with its period, once for all
pages. A process of its own, as a producer is; prints what :func:`benchmarks.child.pace` reads:

    python -m benchmarks.raw_producer BOOTSTRAP TOPIC POINTS GRANULARITY
"""

import asyncio
import sys
from collections.abc import Iterator
from functools import cache

import msgspec
import uvloop
from aiokafka import AIOKafkaProducer

from benchmarks import events
from benchmarks.answers import answer, instant_of, readings_of_an_answer
from benchmarks.child import tell
from benchmarks.topics import PARTITIONS
from producer.log import MAX_BATCH
from schemas.events import Granularity
from schemas.exact import ONE, to_bytes
from schemas.instants import DAY, HOUR
from schemas.keys import partition_of

HEADER = b"\0\x77\x35\x94\x01"
"""Magic byte and the embedded id of Reading."""
VOLUME = b"\x02"
QUALITIES = {None: b"\x00", "Fjärr": b"\x02"}
"""By method."""
GRANULARITIES = {"day": b"\x02", "hour": b"\x04"}


class _Reading(msgspec.Struct, gc=False):
    DeliveryCategory: str
    Unit: str
    Consumption: msgspec.Raw
    ReadingDate: str
    ReadingMethod: str | None
    ReadingReason: str | None


class _Message(msgspec.Struct):
    CustomerNumber: str
    MeteringPoint: str
    ConsumptionReadings: list[_Reading]


_message = msgspec.json.Decoder(_Message)
_SIZES = [bytes([2, 2 * size]) for size in range(17)]


def _long(number: int) -> bytes:
    rest, form = number << 1, bytearray()
    while rest > 127:
        form.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*form, rest])


@cache
def _text(text: str) -> bytes:
    return _long(len(text.encode())) + text.encode()


@cache
def _optional(text: str | None) -> bytes:
    return b"\0" if text is None else b"\2" + _text(text)


@cache
def _date(text: str, granularity: Granularity) -> tuple[bytes, bytes]:
    at = instant_of(text)
    start, end = (at, at + DAY) if granularity == "day" else (at - HOUR, at)
    return _long(at) + _text(text), _long(start) + _long(end)


def encoded(body: bytes, granularity: Granularity) -> Iterator[bytes]:
    """The readings of an answer in Avro; each may have another category, unit, method and reason."""
    message = _message.decode(body)
    source, point = map(_text, ("oresundskraft-hours", message.MeteringPoint))
    head = HEADER + source + _optional(message.CustomerNumber) + point
    middle = _long(events.FETCHED) + VOLUME + GRANULARITIES[granularity]
    factor = to_bytes(ONE)
    tail = _long(len(factor)) + factor + b"\0\0"
    for reading in message.ConsumptionReadings:
        number = int(bytes(reading.Consumption).replace(b".", b""))
        size = number.bit_length() // 8 + 1
        date, period = _date(reading.ReadingDate, granularity)
        method, unit = reading.ReadingMethod, _text(reading.Unit)
        yield b"".join(
            (
                head,
                _text(reading.DeliveryCategory),
                unit,
                _SIZES[size],
                number.to_bytes(size, "big"),
                date,
                _optional(method),
                _optional(reading.ReadingReason),
                middle,
                period,
                QUALITIES[method],
                unit,
                tail,
            )
        )


async def _run(servers: str, topic: str, points: int, granularity: Granularity) -> None:
    bodies = [(point, answer(point, granularity)) for point in events.points(points)]
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, acks="all", max_batch_size=MAX_BATCH, max_request_size=2 * MAX_BATCH
    )
    await producer.start()
    with tell(points * readings_of_an_answer(granularity)):
        builders = [producer.create_batch() for _ in range(PARTITIONS)]
        sent = []
        for point, body in bodies:
            partition, key = partition_of(point, PARTITIONS), point.encode()
            append = builders[partition].append
            for value in encoded(body, granularity):
                if append(timestamp=None, key=key, value=value) is None:
                    sent.append(await producer.send_batch(builders[partition], topic, partition=partition))
                    builders[partition] = producer.create_batch()
                    append = builders[partition].append
                    append(timestamp=None, key=key, value=value)
        sent += [await producer.send_batch(each, topic, partition=number) for number, each in enumerate(builders)]
        await asyncio.gather(*sent)
    await producer.stop()


if __name__ == "__main__":
    servers, topic, points, granularity = sys.argv[1:]
    uvloop.run(_run(servers, topic, int(points), "day" if granularity == "day" else "hour"))
