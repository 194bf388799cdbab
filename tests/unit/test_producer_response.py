"""A whole answer: which bytes are read, which are a failed fetch, and which messages are refused."""

import json

import pytest

from producer.mapping import Envelope, FieldNames
from producer.response import cut_down, read_message, read_page
from runtime.errors import Poison
from schemas.reasons import Reason
from tests.polling import POINT, message_json, reading_json

NAMES = FieldNames()
OBJECT, LIST, PAGE = Envelope(), Envelope(shape="list"), Envelope(shape="page")
GOOD = message_json(reading_json())


def reason(body: bytes, envelope: Envelope = OBJECT, charset: str | None = None) -> Reason | None:
    """Why a body is refused as a whole; None: it is read."""
    try:
        page = read_page(body, charset, envelope)
        for raw in page.messages:
            read_message(raw, NAMES, POINT, alone=envelope.shape == "object")
    except Poison as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (GOOD.encode(), None),
        (GOOD.encode(), "utf-8"),
        (GOOD.encode(), "UTF8"),
        (GOOD.encode("utf-8-sig"), None),
        (GOOD.encode("utf-8-sig"), "iso-8859-1"),
        (GOOD.encode("latin-1"), "iso-8859-1"),
        (GOOD.encode("cp1252"), "windows-1252"),
        (GOOD.encode("utf-16"), None),
        (GOOD.encode("utf-16-le"), "utf-16le"),
        (GOOD.encode("utf-32"), "utf-16"),
        (b"\n\t " + GOOD.encode() + b"\r\n", None),
    ],
)
def test_the_byte_order_mark_and_the_declared_charset_are_honoured(body: bytes, charset: str | None) -> None:
    page = read_page(body, charset, OBJECT)
    message = read_message(page.messages[0], NAMES, POINT, alone=True)
    assert "Fjärr".encode() in message.readings[0]


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (b"", None),
        (b" ", None),
        (b"null", None),
        (b"true", None),
        (b"17", None),
        (b'"text"', None),
        (b"<!DOCTYPE html><html></html>", None),
        (GOOD.encode()[:-1], None),
        (GOOD.encode()[: len(GOOD) // 2], None),
        (GOOD.encode() + b"x", None),
        (GOOD.replace("26633.000000000000", "NaN").encode(), None),
        (GOOD.replace("26633.000000000000", "-Infinity").encode(), None),
        (GOOD.replace("26633.000000000000", "026633").encode(), None),
        (GOOD.replace('"Fjärr"', "'Fjärr'").encode(), None),
        (GOOD.encode("latin-1"), None),
        (GOOD.encode("latin-1"), "utf-8"),
        (GOOD.encode(), "no-such-charset"),
        (GOOD.encode(), "hex"),
        (GOOD.encode(), "a\0b"),
        (GOOD.encode(), "ascii"),
        (b'{"Message":"error","ErrorCode":17}', None),
        (b"{}", None),
        (b"[]", None),
        (f"[{GOOD}]".encode(), None),
        (b'{"MeteringPoint":"1"}', None),
        (f'{{"MeteringPoint":"{POINT}","ConsumptionReadings":null}}'.encode(), None),
        (f'{{"MeteringPoint":"{POINT}","ConsumptionReadings":{{}}}}'.encode(), None),
        (b'{"ConsumptionReadings":[]}', None),
        (b"[" * 100_000 + b"]" * 100_000, None),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, None),
    ],
)
def test_what_is_no_readable_answer_is_a_failed_fetch(body: bytes, charset: str | None) -> None:
    assert reason(body, OBJECT, charset) == Reason.UNREADABLE_RESPONSE


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"Message":"error"}', GOOD.encode(), b"[,]", b"[1,]"])
def test_where_a_list_is_agreed_only_a_list_is_read(body: bytes) -> None:
    assert reason(body, LIST) == Reason.UNREADABLE_RESPONSE


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"Pages":1}',
        b'{"Data":null,"Pages":1}',
        b'{"Data":{},"Pages":1}',
        b'{"Data":[]}',
        b'{"Data":[],"Pages":null}',
        b'{"Data":[],"Pages":"2"}',
        b'{"Data":[],"Pages":-1}',
        b'{"Data":[],"Pages":1.5}',
    ],
)
def test_a_page_must_say_whether_there_are_more(body: bytes) -> None:
    assert reason(body, PAGE) == Reason.UNREADABLE_RESPONSE


@pytest.mark.parametrize(("body", "envelope"), [(b"[]", LIST), (b'{"Data":[],"Pages":0}', PAGE)])
def test_an_empty_list_means_none(body: bytes, envelope: Envelope) -> None:
    assert read_page(body, None, envelope).messages == []


def test_no_readings_are_no_error() -> None:
    assert reason(message_json().encode()) is None


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (message_json(reading_json(), point='"735999100000000000"'), Reason.WRONG_POINT),
        (message_json(reading_json(), point=f'"0{POINT}"'), Reason.WRONG_POINT),
        (message_json(reading_json(), point='""'), Reason.UNREADABLE_MESSAGE),
        (message_json(reading_json(), point="null"), Reason.UNREADABLE_MESSAGE),
        (message_json(reading_json(), point=POINT), Reason.WRONG_TYPE),
        (message_json(reading_json(), point='["1"]'), Reason.WRONG_TYPE),
        (message_json(reading_json(), point=json.dumps("1" * 1_001)), Reason.TOO_LONG),
        (message_json(reading_json(), point='"1\\u0000"'), Reason.UNENCODABLE_TEXT),
        (message_json(reading_json(), customer="true"), Reason.WRONG_TYPE),
        (message_json(reading_json(), customer=json.dumps("1" * 1_001)), Reason.TOO_LONG),
    ],
)
@pytest.mark.parametrize("envelope", [OBJECT, LIST])
def test_a_message_that_cannot_be_used_is_one_dead_letter(message: str, expected: Reason, envelope: Envelope) -> None:
    body = message if envelope is OBJECT else f"[{message}]"
    assert reason(body.encode(), envelope) == expected


@pytest.mark.parametrize(
    "message",
    ["null", "5", "[]", "{}", '{"Message":"error"}', f'{{"MeteringPoint":"{POINT}"}}', '{"ConsumptionReadings":[]}'],
)
def test_in_a_list_a_message_that_is_none_does_not_touch_the_others(message: str) -> None:
    page = read_page(f"[{message},{GOOD}]".encode(), None, LIST)
    with pytest.raises(Poison) as caught:
        read_message(page.messages[0], NAMES, POINT, alone=False)
    assert caught.value.reason == Reason.UNREADABLE_MESSAGE
    assert len(read_message(page.messages[1], NAMES, POINT, alone=False).readings) == 1


@pytest.mark.parametrize(
    ("customer", "number"), [('"00123"', "00123"), ("123", "123"), ("null", None), ('""', ""), ("1.50", "1.50")]
)
def test_a_customer_number_may_be_a_number_or_absent(customer: str, number: str | None) -> None:
    message = read_message(message_json(customer=customer).encode(), NAMES, POINT, alone=True)
    assert message.customer_number == number


def test_pages_are_counted_until_the_last() -> None:
    body = b'{"Data":[],"Page":1,"Pages":3}'
    assert [read_page(body, None, PAGE, number).next for number in (1, 2, 3, 4)] == ["2", "3", None, None]


@pytest.mark.parametrize(("token", "asked"), [('"abc"', "abc"), ("7", "7"), ("null", None), ('""', None)])
def test_a_page_may_name_a_token_for_the_next(token: str, asked: str | None) -> None:
    envelope = Envelope(shape="page", next="Next")
    assert read_page(f'{{"Data":[],"Next":{token}}}'.encode(), None, envelope).next == asked


def test_a_lone_surrogate_spoils_its_own_text_only() -> None:
    """JSON allows it, Unicode does not: the reading is refused, its neighbours flow, the original is kept."""
    bad = reading_json().replace('"Fjärr"', '"x\\uD800y"')
    paired = reading_json().replace('"Fjärr"', '"\\ud83d\\ude00\\\\ud800"')
    page = read_page(message_json(bad, paired).encode(), None, OBJECT)
    message = read_message(page.messages[0], NAMES, POINT, alone=True)
    assert message.readings[1].decode() == paired
    assert cut_down(message, NAMES, message.readings[0]).decode() == message_json(bad)


def test_a_dead_letter_of_a_reading_is_the_message_cut_down_to_it() -> None:
    """Only the fields that are read are kept: a request's id beside them must not make each sighting another one."""
    body = message_json(reading_json(), reading_json(Unit="")).replace("{", '{"RequestId":"4711",', 1)
    message = read_message(body.encode(), NAMES, POINT, alone=True)
    assert cut_down(message, NAMES, message.readings[1]).decode() == message_json(reading_json(Unit=""))
