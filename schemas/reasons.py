"""Reason codes: why something is a dead letter, and why a row's consumption is held back."""

from enum import StrEnum


class Stage(StrEnum):
    """The part of the road that speaks."""

    PRODUCER = "producer"
    STREAMS = "streams"
    SINKS = "sinks"


class Reason(StrEnum):
    """Why a dead letter could not be used."""

    # producer: one reading
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_VALUE = "bad_value"
    OUT_OF_RANGE = "out_of_range"
    BAD_DATE = "bad_date"
    AMBIGUOUS_TIME = "ambiguous_time"
    NONEXISTENT_TIME = "nonexistent_time"
    IN_FUTURE = "in_future"
    UNENCODABLE_TEXT = "unencodable_text"
    TOO_LONG = "too_long"
    # producer: a whole answer or message
    UNREADABLE_RESPONSE = "unreadable_response"
    UNREADABLE_MESSAGE = "unreadable_message"
    WRONG_POINT = "wrong_point"
    # streams and sinks: one record of a topic
    UNDECODABLE_RECORD = "undecodable_record"
    UNKNOWN_SCHEMA = "unknown_schema"
    WRONG_KEY = "wrong_key"
    # sinks: one row of one receiver
    ROW_REFUSED = "row_refused"


class Held(StrEnum):
    """Why a row has no consumption although it has a value (outside_history: why it has no delta)."""

    NEGATIVE_DELTA = "negative_delta"
    REGISTER_RECOVERED = "register_recovered"
    IMPLAUSIBLE = "implausible"
    UNIT_CHANGED = "unit_changed"
    NOT_REPRESENTABLE = "not_representable"
    OUTSIDE_HISTORY = "outside_history"
