"""The JSON of one reading, good or broken, and what the ledger must know about it."""

import json
from dataclasses import dataclass, replace

MISSING_NUMBER = "null"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading as served.

    consumption: the digits exactly as served, None for null. method, reason: None when absent. broken: the kind
    of defect (a key of BROKEN), None for a good reading.
    """

    category: str
    unit: str
    consumption: str | None
    date: str
    method: str | None
    reason: str | None
    json: str
    broken: str | None = None


BROKEN: dict[str, str] = {
    "no_date": "missing_field",
    "no_consumption": "missing_field",
    "empty_unit": "missing_field",
    "huge_exponent": "out_of_range",
    "long_integer": "out_of_range",
    "long_fraction": "out_of_range",
    "letters": "bad_value",
    "comma": "bad_value",
    "impossible_date": "bad_date",
    "word_date": "bad_date",
    "numeric_unit": "wrong_type",
    "nul_method": "unencodable_text",
    "long_reason": "too_long",
}
"""Kinds of broken readings, and the dead-letter reason that each must get."""

_BAD_NUMBERS = {
    "huge_exponent": "1e400",
    "long_integer": "773177317731773177317731773177",
    "long_fraction": "41.1234567877313",
    "letters": '"abc"',
    "comma": '"41,7731"',
}


def good(
    head: tuple[str, str], date: str, consumption: str | None, method: str | None = "Fjärr", *, quoted: bool = False
) -> Reading:
    """A readable reading of (category, unit). `quoted` writes the number as a JSON string."""
    number = MISSING_NUMBER if consumption is None else f'"{consumption}"' if quoted else consumption
    fields = _fields(head, number, date)
    if method is None:
        del fields["ReadingMethod"]
    else:
        fields["ReadingMethod"] = json.dumps(method, ensure_ascii=False)
    return Reading(*head, consumption, date, method, "2", _join(fields))


def numeric_codes(reading: Reading) -> Reading:
    """The same reading with its reason as a number and method 21, also as a number."""
    fields = _fields((reading.category, reading.unit), reading.consumption or MISSING_NUMBER, reading.date)
    fields["ReadingMethod"], fields["ReadingReason"] = "21", "2"
    return replace(reading, method="21", json=_join(fields))


def broken(kind: str, head: tuple[str, str], date: str, consumption: str) -> Reading:
    """A reading with one defect; the rest of it is in order, so it differs from every other one."""
    fields = _fields(head, _BAD_NUMBERS.get(kind, consumption), date)
    match kind:
        case "no_date":
            del fields["ReadingDate"]
        case "no_consumption":
            del fields["Consumption"]
        case "empty_unit":
            fields["Unit"] = '""'
        case "numeric_unit":
            fields["Unit"] = "5"
        case "impossible_date":
            fields["ReadingDate"] = f'"{date[:4]}-13-45{date[10:]}"'
        case "word_date":
            fields["ReadingDate"] = '"i går"'
        case "nul_method":
            fields["ReadingMethod"] = '"Fj\\u0000rr"'
        case "long_reason":
            fields["ReadingReason"] = f'"{"x" * 1001}"'
    return Reading(*head, consumption, date, "Fjärr", "2", _join(fields), kind)


def _fields(head: tuple[str, str], number: str, date: str) -> dict[str, str]:
    return {
        "DeliveryCategory": f'"{head[0]}"',
        "Unit": f'"{head[1]}"',
        "Consumption": number,
        "ReadingDate": f'"{date}"',
        "ReadingMethod": '"Fjärr"',
        "ReadingReason": '"2"',
    }


def _join(fields: dict[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"
