"""Readings and dead letters told apart; a registry that is away is waited for."""

import asyncio

import pytest
from aiokafka.structs import ConsumerRecord

from runtime.errors import Transient
from runtime.health import Health
from runtime.retry import Backoff
from schemas import exact
from schemas.codec import Codec
from schemas.events import Reading
from schemas.keys import partition_of
from schemas.reasons import Reason, Stage
from schemas.registry import AvroSchema, EmbeddedRegistry, UnknownSchemaId, current
from streams.intake import Intake, Judged
from streams.patience import GivenUp, Patience
from streams.pulse import Pulse

PARTITIONS = 4
CODEC = Codec(Reading, EmbeddedRegistry())
FOREIGN_ID = 7


def reading(point: str = "735999100057526501") -> Reading:
    return Reading(
        source="hours",
        customer_number=None,
        metering_point=point,
        delivery_category="EL-EXT",
        unit="kWh",
        consumption=exact.ONE,
        reading_at=3_600_000_000,
        reading_date="1970-01-01T01:00:00",
        reading_method="Fjärr",
        reading_reason="2",
        fetched_at=1,
        series_kind="volume",
        granularity="hour",
        period_start=0,
        period_end=3_600_000_000,
        quality="measured",
        consumption_unit="kWh",
        factor=exact.ONE,
        rolls_over_at=None,
        max_per_period=None,
    )


def record(
    value: bytes | None, key: bytes | None = b"735999100057526501", offset: int = 0, partition: int | None = None
) -> ConsumerRecord:
    return ConsumerRecord(
        topic="r",
        partition=partition_of("735999100057526501", PARTITIONS) if partition is None else partition,
        offset=offset,
        timestamp=0,
        timestamp_type=1,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=(("trace", b"1"),),
    )


def foreign(value: bytes, schema_id: int = FOREIGN_ID) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big") + value[5:]


class Registry:
    """Knows one id beside the embedded ones; is away for the first so many questions."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.asked: list[int] = []

    def id_of(self, name: str) -> int:
        return EmbeddedRegistry().id_of(name)

    def schema_of(self, schema_id: int) -> AvroSchema:
        if schema_id != FOREIGN_ID and schema_id < 1_000:
            raise UnknownSchemaId(f"schema id {schema_id} is unknown")
        if schema_id != FOREIGN_ID:
            return EmbeddedRegistry().schema_of(schema_id)
        self.asked.append(schema_id)
        if len(self.asked) <= self.away:
            raise Transient("the registry does not answer")
        return current("Reading")


def patience(limit: float = 60.0) -> tuple[Patience, Health]:
    health = Health()
    return Patience(Pulse(limit), health, Backoff(initial=0.01, maximum=0.02)), health


async def judge(*records: ConsumerRecord, registry: Registry | None = None) -> Judged:
    return await Intake(Codec(Reading, registry or Registry()), PARTITIONS, patience()[0]).judge(records)


async def test_readings_come_with_their_offsets_in_order() -> None:
    value = CODEC.encode(reading())
    judged = await judge(record(value, offset=5), record(value, offset=6))
    assert judged.readings == [(5, reading()), (6, reading())]
    assert judged.dead_letters == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(record(b"not avro"), Reason.UNDECODABLE_RECORD, id="no header"),
        pytest.param(record(None), Reason.UNDECODABLE_RECORD, id="a tombstone"),
        pytest.param(record(b""), Reason.UNDECODABLE_RECORD, id="empty"),
        pytest.param(record(CODEC.encode(reading())[:-1]), Reason.UNDECODABLE_RECORD, id="cut"),
        pytest.param(record(CODEC.encode(reading()) + b"x"), Reason.UNDECODABLE_RECORD, id="bytes left over"),
        pytest.param(record(foreign(CODEC.encode(reading()), 8)), Reason.UNKNOWN_SCHEMA, id="an id nobody knows"),
        pytest.param(record(CODEC.encode(reading()), key=b"another"), Reason.WRONG_KEY, id="another point's key"),
        pytest.param(record(CODEC.encode(reading()), key=None), Reason.WRONG_KEY, id="no key"),
        pytest.param(
            record(
                CODEC.encode(reading()), partition=(partition_of("735999100057526501", PARTITIONS) + 1) % PARTITIONS
            ),
            Reason.WRONG_KEY,
            id="another partition",
        ),
    ],
)
async def test_what_cannot_be_used_is_kept_whole_and_its_neighbours_flow(bad: ConsumerRecord, reason: Reason) -> None:
    good = CODEC.encode(reading())
    judged = await judge(record(good, offset=1), bad, record(good, offset=3))
    assert [offset for offset, _ in judged.readings] == [1, 3]
    (letter,) = judged.dead_letters
    assert (letter.reason, letter.stage) == (reason, Stage.STREAMS)
    assert (letter.original_key, letter.original_value) == (bad.key, bad.value)
    assert (letter.topic, letter.partition, letter.offset) == ("r", bad.partition, bad.offset)
    assert [(header.name, header.value) for header in letter.original_headers] == [("trace", b"1")]


async def test_a_schema_of_the_registry_is_asked_for_once() -> None:
    registry = Registry()
    value = foreign(CODEC.encode(reading()))
    judged = await judge(*(record(value, offset=offset) for offset in range(3)), registry=registry)
    assert len(judged.readings) == 3
    assert registry.asked == [FOREIGN_ID]


async def test_a_registry_that_is_away_is_waited_for_and_nothing_becomes_a_dead_letter() -> None:
    registry = Registry(away=3)
    judged = await judge(record(foreign(CODEC.encode(reading()))), registry=registry)
    assert len(judged.readings) == 1
    assert len(registry.asked) == 4


async def test_the_wait_for_a_registry_says_so_and_can_be_given_up() -> None:
    calm, health = patience()
    judging = asyncio.ensure_future(
        Intake(Codec(Reading, Registry(away=10**6)), PARTITIONS, calm).judge([record(foreign(CODEC.encode(reading())))])
    )
    async with asyncio.timeout(10):
        while not str(health.waiting_for).startswith("waiting for the schema registry: "):  # noqa: ASYNC110  # no event
            await asyncio.sleep(0.01)
    calm.end()
    with pytest.raises(GivenUp):
        await judging
