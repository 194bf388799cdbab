"""One reading of an answer: what each field may be, and what becomes a dead letter for which reason."""

import pytest

from producer.points import Point, SeriesSettings
from producer.readings import Asked, ReadingMapper
from runtime.errors import Poison
from schemas import exact
from schemas.reasons import Reason
from tests.polling import ABSENT, NOW, POINT, Literal, feed, mapped, reading_json

LONG = "x" * 1_001
AT_THE_LIMIT = "y" * 1_000


def refusal(text: str) -> Poison:
    with pytest.raises(Poison) as caught:
        mapped(text)
    return caught.value


def test_the_published_sample_is_read_with_every_setting_resolved() -> None:
    reading = mapped(reading_json(), feed("month"))
    assert (reading.source, reading.metering_point, reading.delivery_category) == ("feed", POINT, "EL-EXT")
    assert reading.consumption == 26_633 * exact.ONE
    assert (reading.unit, reading.consumption_unit) == ("kWh", "kWh")
    assert (reading.reading_method, reading.reading_reason, reading.quality) == ("Fjärr", "2", "measured")
    assert (reading.series_kind, reading.granularity) == ("volume", "month")
    assert (reading.factor, reading.rolls_over_at, reading.max_per_period) == (exact.ONE, None, None)
    assert (reading.customer_number, reading.fetched_at) == ("12345", NOW)
    assert reading.reading_date == "2020-02-29T00:00:00"
    assert reading.period_start < reading.reading_at < reading.period_end


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("0.000000000001", 1),
        ("-12.5", -12_500_000_000_000),
        ("1e3", 1_000 * exact.ONE),
        ("1.5E-2", 15_000_000_000),
        ("26633.0000000000000000", 26_633 * exact.ONE),
        ("999999999999999999999999.999999999999", exact.LIMIT - 1),
        ('"26633.5"', 26_633_500_000_000_000),
        ('"1e0"', exact.ONE),
        ('"\\u0031"', exact.ONE),
        ("null", None),
    ],
)
def test_a_value_is_read_exactly(written: str, value: int | None) -> None:
    reading = mapped(reading_json(Consumption=Literal(written)))
    assert reading.consumption == value
    assert (reading.quality == "missing") == (value is None)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("1e400", Reason.OUT_OF_RANGE),
        ("1e24", Reason.OUT_OF_RANGE),
        ("773177317731773177317731773177", Reason.OUT_OF_RANGE),
        ("0.0000000000001", Reason.OUT_OF_RANGE),
        ("41.1234567877313", Reason.OUT_OF_RANGE),
        ('"1e400"', Reason.OUT_OF_RANGE),
        ('"0.0000000000001"', Reason.OUT_OF_RANGE),
        ('"abc"', Reason.BAD_VALUE),
        ('"41,7731"', Reason.BAD_VALUE),
        ('"1 000"', Reason.BAD_VALUE),
        ('" 1"', Reason.BAD_VALUE),
        ('"1\\n"', Reason.BAD_VALUE),
        ('"+1"', Reason.BAD_VALUE),
        ('".5"', Reason.BAD_VALUE),
        ('"01"', Reason.BAD_VALUE),
        ('"١"', Reason.BAD_VALUE),
        ('"NaN"', Reason.BAD_VALUE),
        ('"Infinity"', Reason.BAD_VALUE),
        ('""', Reason.BAD_VALUE),
        (f'"{LONG}"', Reason.BAD_VALUE),
        ("true", Reason.WRONG_TYPE),
        ("{}", Reason.WRONG_TYPE),
        ("[1]", Reason.WRONG_TYPE),
    ],
)
def test_a_value_that_cannot_be_carried_is_refused(written: str, reason: Reason) -> None:
    assert refusal(reading_json(Consumption=Literal(written))).reason == reason


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("Consumption", ABSENT, Reason.MISSING_FIELD),
        ("ReadingDate", ABSENT, Reason.MISSING_FIELD),
        ("ReadingDate", None, Reason.MISSING_FIELD),
        ("ReadingDate", 20200229, Reason.WRONG_TYPE),
        ("ReadingDate", "", Reason.BAD_DATE),
        ("ReadingDate", "i går", Reason.BAD_DATE),
        ("ReadingDate", "2020-02-30T00:00:00", Reason.BAD_DATE),
        ("ReadingDate", LONG, Reason.TOO_LONG),
        ("DeliveryCategory", ABSENT, Reason.MISSING_FIELD),
        ("DeliveryCategory", None, Reason.MISSING_FIELD),
        ("DeliveryCategory", "", Reason.MISSING_FIELD),
        ("DeliveryCategory", 5, Reason.WRONG_TYPE),
        ("DeliveryCategory", ["EL-EXT"], Reason.WRONG_TYPE),
        ("DeliveryCategory", LONG, Reason.TOO_LONG),
        ("DeliveryCategory", "EL\0EXT", Reason.UNENCODABLE_TEXT),
        ("Unit", ABSENT, Reason.MISSING_FIELD),
        ("Unit", "", Reason.MISSING_FIELD),
        ("Unit", 5, Reason.WRONG_TYPE),
        ("Unit", True, Reason.WRONG_TYPE),
        ("ReadingMethod", True, Reason.WRONG_TYPE),
        ("ReadingMethod", {"Code": 21}, Reason.WRONG_TYPE),
        ("ReadingMethod", LONG, Reason.TOO_LONG),
        ("ReadingMethod", "Fj\0rr", Reason.UNENCODABLE_TEXT),
        ("ReadingReason", LONG, Reason.TOO_LONG),
        ("ReadingReason", False, Reason.WRONG_TYPE),
        ("ReadingReason", Literal("1" * 1_001), Reason.TOO_LONG),
    ],
)
def test_a_field_that_cannot_be_used_is_refused(field: str, value: object, reason: Reason) -> None:
    error = refusal(reading_json(**{field: value}))
    assert error.reason == reason
    assert field in error.detail or "date" in error.detail


@pytest.mark.parametrize("text", ["null", "5", '"reading"', "[]", "[1,2]", "true"])
def test_a_reading_that_is_no_object_is_refused(text: str) -> None:
    assert refusal(text).reason == Reason.WRONG_TYPE


@pytest.mark.parametrize(
    ("method", "kept", "quality"),
    [
        ("Fjärr", "Fjärr", "measured"),
        ("Fja\u0308rr", "Fja\u0308rr", "measured"),
        ("Godkänd", "Godkänd", "measured"),
        ("Beräknad", "Beräknad", "calculated"),
        ("Temporär", "Temporär", "temporary"),
        ("21", "21", "temporary"),
        (21, "21", "temporary"),
        (56, "56", "estimated"),
        (Literal("2.10"), "2.10", "unknown"),
        ("fjärr", "fjärr", "unknown"),
        ("Saknas", "Saknas", "unknown"),
        ("", "", "unknown"),
        (AT_THE_LIMIT, AT_THE_LIMIT, "unknown"),
        (None, None, "unknown"),
        (ABSENT, None, "unknown"),
    ],
)
def test_the_method_decides_the_quality_and_is_kept_as_written(method: object, kept: str | None, quality: str) -> None:
    reading = mapped(reading_json(ReadingMethod=method, ReadingReason=method))
    assert (reading.reading_method, reading.reading_reason, reading.quality) == (kept, kept, quality)


@pytest.mark.parametrize(
    ("unit", "consumption_unit"),
    [("kWh", "kWh"), ("Wh", "kWh"), ("MWh", "kWh"), ("GWh", "kWh"), ("m3", "m3"), ("kwh", "kwh")],
)
def test_the_consumption_unit_is_kwh_for_energy_and_the_unit_as_sent_for_all_else(
    unit: str, consumption_unit: str
) -> None:
    assert mapped(reading_json(Unit=unit)).consumption_unit == consumption_unit


def test_of_a_name_that_stands_twice_the_last_one_counts() -> None:
    twice = reading_json()[:-1] + ',"Consumption":7,"Unit":"MWh","Unit":"Wh"}'
    reading = mapped(twice)
    assert (reading.consumption, reading.unit) == (7 * exact.ONE, "Wh")


def test_the_settings_of_a_series_become_its_terms() -> None:
    series = SeriesSettings("register", 40 * exact.ONE, 100_000 * exact.ONE, 500 * exact.ONE, "MWh")
    reading = mapped(reading_json(), point=Point(POINT, {"EL-EXT": series}))
    assert reading.series_kind == "register"
    assert (reading.factor, reading.rolls_over_at) == (40 * exact.ONE, 100_000 * exact.ONE)
    assert (reading.max_per_period, reading.consumption_unit) == (500 * exact.ONE, "MWh")


def test_a_row_for_every_category_is_used_where_the_category_has_none() -> None:
    point = Point(POINT, {"": SeriesSettings("register"), "VARME": SeriesSettings(consumption_unit="MWh")})
    assert mapped(reading_json(), point=point).series_kind == "register"
    heat = mapped(reading_json(DeliveryCategory="VARME", Unit="MWh"), point=point)
    assert (heat.series_kind, heat.consumption_unit) == ("volume", "MWh")


def test_factor_and_range_belong_to_registers_only() -> None:
    series = SeriesSettings("volume", 40 * exact.ONE, 100_000 * exact.ONE, 500 * exact.ONE)
    reading = mapped(reading_json(), point=Point(POINT, {"": series}))
    assert (reading.factor, reading.rolls_over_at, reading.max_per_period) == (exact.ONE, None, 500 * exact.ONE)


def test_a_source_may_set_kind_stamp_and_unit_of_a_category() -> None:
    rules = {"EL-EXT": {"kind": "register", "stamp": "start", "consumption_unit": "MWh"}}
    reading = mapped(reading_json(), feed("hour", categories=rules))
    assert (reading.series_kind, reading.consumption_unit) == ("register", "MWh")
    assert reading.period_start == reading.reading_at


@pytest.mark.parametrize(("hours", "refused"), [(23, False), (24, False), (25, True)])
def test_a_period_that_begins_more_than_a_day_after_the_request_is_in_the_future(hours: int, refused: bool) -> None:
    """At 12:00 UTC; stamps are the hour's end in UTC+1."""
    day, hour = divmod(13 + hours + 1, 24)
    text = reading_json(ReadingDate=f"2020-03-{20 + day}T{hour:02d}:00:00")
    if refused:
        assert refusal(text).reason == Reason.IN_FUTURE
    else:
        mapped(text)


def test_what_the_mapping_does_not_know_flows_and_is_counted() -> None:
    text = reading_json(DeliveryCategory="GAS", ReadingMethod="Ny", Extra=1, ReadingDate="2020-02-29T00:20:00")
    found = ReadingMapper(feed()).map(text.encode(), Asked(Point(POINT), None, NOW))
    assert set(found.unknown) == {("category", "GAS"), ("method", "Ny"), ("field", "Extra"), ("off_grid", "GAS")}


def test_no_detail_carries_what_was_written() -> None:
    for changes in ({"Consumption": "secret7731"}, {"ReadingDate": "7731-99"}, {"Unit": "secret7731\0"}):
        assert "7731" not in str(refusal(reading_json(**changes)))
