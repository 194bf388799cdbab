"""Rows of a bulk load are, byte for byte, what python-tds makes of exact Python values."""

from datetime import UTC
from decimal import Context, Decimal

from hypothesis import example, given
from hypothesis import strategies as st
from pytds import tds_base
from pytds.collate import raw_collation
from pytds.tds_types import BigIntType, DateTime2Type, DecimalType, NVarCharType, SerializerFactory
from pytds.tds_writer import _TdsWriter

from schemas import instants
from schemas.exact import LIMIT
from sinks.columns import COLUMNS
from sinks.sqlserver.bulk import FORMS, LONGEST, bulk_columns, bulk_rows, too_long
from sinks.sqlserver.statements import units
from tests.sink_rows import AT, row, value

TYPES = {"text": NVarCharType(256), "integer": BigIntType(), "instant": DateTime2Type(6), "number": DecimalType(38, 12)}


class Wire:
    """Where a packet goes."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def sendall(self, packet: bytes) -> None:
        self.packets.append(bytes(packet))


def by_the_driver(kind: str, content: object) -> bytes:
    wire = Wire()
    writer = _TdsWriter(transport=wire, bufsize=4096, tds_session=None)
    writer.begin_packet(tds_base.PacketType.BULK)
    SerializerFactory(tds_base.TDS74).serializer_by_type(TYPES[kind], raw_collation).write(writer, content)
    writer.flush()
    (packet,) = wire.packets
    return packet[8:]


@given(st.text(max_size=50))
@example("𝄞e\u0301åäö")
@example("")
def test_texts(text: str) -> None:
    assert FORMS.text(text) == by_the_driver("text", text)


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_integers(number: int) -> None:
    assert FORMS.integer(number) == by_the_driver("integer", number)


@given(st.integers(instants.EARLIEST, instants.LATEST))
@example(instants.EARLIEST)
@example(-1)
@example(instants.LATEST)
def test_instants(instant: int) -> None:
    moment = instants.to_datetime(instant).astimezone(UTC).replace(tzinfo=None)
    assert FORMS.instant(instant) == by_the_driver("instant", moment)


@given(st.integers(-LIMIT + 1, LIMIT - 1))
@example(LIMIT - 1)
@example(-LIMIT + 1)
def test_numbers(number: int) -> None:
    content = Decimal(number).scaleb(-12, Context(prec=60))
    theirs = by_the_driver("number", content)
    if number == 0:  # the driver writes a negative nought
        theirs = theirs[:1] + b"\x01" + theirs[2:]
    assert FORMS.number(number) == theirs


def test_a_row_has_every_column_and_a_digest_that_is_the_same_after_nfc() -> None:
    rows = [
        row(value(1, reading_method=text), forms=FORMS) for text in ("Fj\u00e4rr", "Fja\u0308rr", "Fjarr", None, "")
    ]
    digests = [columns[-1] for columns in bulk_rows(rows, AT)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
    assert all(len(columns) == len(COLUMNS) + 2 == len(bulk_columns()) for columns in bulk_rows(rows, AT))


def test_missing_is_null_in_the_form_of_its_column() -> None:
    (columns,) = bulk_rows([row(value(1, value=None, reading_method=None, previous_reading_at=None), forms=FORMS)], AT)
    by_name = dict(zip((column.name for column in COLUMNS), columns, strict=False))
    assert (by_name["value"], by_name["reading_method"], by_name["previous_reading_at"]) == (b"\0", b"\xff\xff", b"\0")


def test_the_first_text_that_is_longer_than_its_column_is_named() -> None:
    for column in COLUMNS:
        if column.kind == "text" and column.name in ("metering_point", "unit"):
            fits, over = ("𝄞" * (units(column) // 2), "x" * (units(column) + 1))
            assert too_long([row(value(1, **{column.name: fits}), forms=FORMS)]) is None
            assert too_long([row(value(1, **{column.name: over}), forms=FORMS)]) == column.name
            assert too_long([row(value(1, **{column.name: "x" * LONGEST}), forms=FORMS)]) == column.name


def test_keys_that_differ_in_blanks_at_their_end_alone_are_told_apart() -> None:
    keys = [("a", "b"), ("a ", "b"), ("a", "b "), ("a  ", "b"), ("a ", "b ")]
    rows = [row(value(1, metering_point=point, delivery_category=category), forms=FORMS) for point, category in keys]
    assert len({columns[-2] for columns in bulk_rows(rows, AT)}) == len(keys)
