"""Why a layout shows no number in a row, and why it shows no row. Of several the first in the list is said."""

from schemas.reasons import Held

NO_POINT = "no_point"
NO_KEY = "no_key"
SEVERAL_SERIES = "several_series"
SEVERAL_READINGS = "several_readings"
NOT_A_REGISTER = "not_a_register"
UNIT = "unit"
MISSING = "missing"
FIRST_READING = "first_reading"
GAP = "gap"
HELD = "held"
REMAINDER = "remainder"
NOT_REPRESENTABLE = Held.NOT_REPRESENTABLE.value
ESTIMATED = "estimated"

SLACK = {"month": 3 * 86_400, "day": 3_600}
"""Seconds by which the lengths of two periods that follow each other may differ: months, and days of a change-over."""

HELD_BACK = (
    Held.NEGATIVE_DELTA.value,
    Held.REGISTER_RECOVERED.value,
    Held.IMPLAUSIBLE.value,
    Held.UNIT_CHANGED.value,
    Held.OUTSIDE_HISTORY.value,
    HELD,
    NOT_REPRESENTABLE,
    REMAINDER,
)
"""Follow the policy ``held``. ``held``: a reason of the feed that this list does not know yet."""

REASONS: dict[str, str] = {
    NO_POINT: "no line of the receiver's points file holds for this metering point, category, granularity and period",
    NO_KEY: "the line of the points file has no receiver_key",
    SEVERAL_SERIES: "values of several series (source, metering point, category) stand under this key in this period",
    SEVERAL_READINGS: "several readings in this period, of different kinds or units",
    NOT_A_REGISTER: "the receiver's meter wants a position, and the feed has a volume",
    UNIT: "the unit has no exact conversion to the layout's",
    MISSING: "the utility says that the value is missing",
    FIRST_READING: "the first position of a register: there is nothing to count the consumption from",
    GAP: "the consumption of a register that spans more than this period",
    Held.NEGATIVE_DELTA.value: "held back by the feed: the register fell",
    Held.REGISTER_RECOVERED.value: "held back by the feed: the register came back to where it was before a fall",
    Held.IMPLAUSIBLE.value: "held back by the feed: beyond the limit of the metering point",
    Held.UNIT_CHANGED.value: "held back by the feed: the unit changed, without an exact conversion",
    Held.OUTSIDE_HISTORY.value: "older than the history: a register's consumption is not known",
    HELD: "held back by the feed, for a reason that this version does not know",
    NOT_REPRESENTABLE: "the number has more than 24 integer or 12 fractional digits",
    REMAINDER: "the number has more decimals than the layout's column",
    ESTIMATED: "estimated or temporary: the receiver waits until it is measured",
}
"""Every reason and what it means; the position is its rank."""

RANK = {reason: rank for rank, reason in enumerate(REASONS)}

QUALITIES = ("measured", "manual", "unknown", "calculated", "estimated", "temporary", "missing")
"""From the best to the worst: of several readings that are added the sum has the worst."""
PROVISIONAL = ("estimated", "temporary")
"""The qualities that the policy ``estimated`` speaks of."""


def reason_of(held: str | None, first: bool) -> str:
    """Why the feed has no consumption although there is a value.

    Args:
        held: what the value says.
        first: it is a register's, and nothing stands before it.
    """
    if held is not None:
        return held if held in HELD_BACK else HELD
    return FIRST_READING if first else NOT_REPRESENTABLE
