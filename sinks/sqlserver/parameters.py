"""Parameters of statements, as python-tds is given them."""

from collections.abc import Sequence
from typing import Any

import pytds
from pytds.tds_base import Param
from pytds.tds_types import BigIntType, NVarCharType

PARAMETERS = 2000
"""A call takes 2,100."""
SHORT_TEXT = 4000
"""UTF-16 units up to which a parameter is no large object."""


def statements_at_once(parameters: Sequence[Sequence[Any]]) -> int:
    """How many statements with such parameters one call takes."""
    return max(1, PARAMETERS // max(1, *map(len, parameters))) if parameters else 1


def parameter(value: Any) -> Any:
    """A parameter of one type per kind of value, so that the server keeps one plan."""
    match value:
        case bool():
            return value
        case int():
            return Param(type=BigIntType(), value=value)
        case str() if len(value.encode("utf-16-le")) <= 2 * SHORT_TEXT:
            return Param(type=NVarCharType(SHORT_TEXT), value=value)
        case bytes():
            return pytds.Binary(value)
    return value
