"""The columns of a receiver's rows: what is released is never changed without a migration."""

import struct
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.share import Share
from schemas.exact import LIMIT, ONE
from sinks import migrations
from sinks.columns import COLUMNS, NAMES, create_table, rows_table
from sinks.postgresql.binary_copy import FORMS, _number, copy_data
from sinks.postgresql.database import TYPES
from sinks.sqlite.database import instant_text
from tests.sink_rows import row, value

RELEASED = """\
source text NOT NULL, metering_point text NOT NULL, delivery_category text NOT NULL, \
reading_at timestamptz NOT NULL, series_kind text NOT NULL, granularity text NOT NULL, \
period_start timestamptz NOT NULL, period_end timestamptz NOT NULL, value numeric(38,12), unit text NOT NULL, \
previous_reading_at timestamptz, delta numeric(38,12), consumption numeric(38,12), consumption_unit text NOT NULL, \
change numeric(38,12), quality text NOT NULL, reading_method text, reading_reason text, cause text NOT NULL, \
held text, fetched_at timestamptz NOT NULL, epoch text NOT NULL, sequence bigint NOT NULL, \
published_at timestamptz NOT NULL, delivered_at timestamptz NOT NULL\
"""


def test_the_rows_table_is_as_it_was_released() -> None:
    """A new field of MeterValue needs a step that adds its column to the tables that are there."""
    key = "PRIMARY KEY (source, metering_point, delivery_category, reading_at)"
    assert create_table("t", TYPES).strip() == f"CREATE TABLE t ({RELEASED}, {key})"
    assert len(NAMES) == len(COLUMNS) == 25


@pytest.mark.parametrize("database", ["postgresql", "sqlite", "mariadb"])
def test_each_database_has_the_same_migrations(database: str) -> None:
    def made(statement: str) -> str:
        return statement.replace("IF NOT EXISTS ", "").replace("ALTER TABLE points ADD", "CREATE").split()[2]

    steps = migrations.steps(database)
    assert [[made(statement) for statement in migrations.statements(step)] for step in steps] == [
        ["receiver", "epochs", "positions", "refused_rows"],
        ["positions", "epochs"],
        ["put_backs"],
        [*["receiver"] * 4, "points", "positions", "passes", "journal"],
        ["known_series", "points_by_receiver_key", "projected", "unprojected"],
    ]


def test_epochs_have_tables_that_any_database_can_name() -> None:
    names = {epoch: rows_table(epoch) for epoch in ("1", "a", "A", "a-b", "a_b", "2026-11", "x" * 30)}
    assert len(set(names.values())) == len(names)
    assert names["1"] == "meter_values_e1"
    assert all(name == name.lower() and len(name) < 60 for name in names.values())


def test_instants_as_text_sort_as_the_instants_do() -> None:
    instants = [-62_135_596_800_000_000, -1, 0, 1, 999_999, 1_000_000, 1_700_000_000_000_000, 7_258_118_399_999_999]
    texts = [instant_text(instant) for instant in instants]
    assert texts == sorted(texts)
    assert texts[0] == "0001-01-01T00:00:00.000000Z"
    assert len(set(map(len, texts))) == 1


def test_a_copy_has_its_header_its_fields_and_its_end() -> None:
    data = copy_data([row(value(), forms=FORMS)], 0)
    assert data.startswith(b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\x00\x19")
    assert data.endswith(b"\xff\xff")


@given(
    st.integers(1 - LIMIT, LIMIT - 1) | st.integers(-(10**20), 10**20) | st.integers(-(10**8), 10**8).map(ONE.__mul__)
)
@example(0)
@example(1)
@example(-ONE)
@example(10**8 * ONE - 1)
@example(10**8 * ONE)
def test_a_number_is_written_as_the_server_reads_it(number: int) -> None:
    """numeric_recv: digits of base 10,000, of which the first counts 10,000 ** weight; nothing else is said."""
    length, count, weight, sign, scale, *digits = _numeric(_number(number))
    assert (length, scale) == (8 + 2 * count, 12)
    assert len(digits) == count
    assert all(0 <= digit < 10_000 for digit in digits)
    magnitude = sum(Fraction(10_000) ** (weight - place) * digit for place, digit in enumerate(digits))
    assert (-magnitude if sign == 0x4000 else magnitude) * ONE == number


def _numeric(data: bytes) -> tuple[int, ...]:
    (count,) = struct.unpack(">h", data[4:6])
    return struct.unpack(f">ihhHh{count}H", data)


@pytest.mark.parametrize(
    ("share", "partitions"),
    [(Share(), [0, 1, 2, 3, 4]), (Share(1, 2), [0, 2, 4]), (Share(2, 2), [1, 3]), (Share(6, 6), [])],
)
def test_shares_divide_the_partitions(share: Share, partitions: list[int]) -> None:
    assert share.partitions(5) == partitions
