"""The bodies of answers: styles (one object, a list, wrapped pages) and bodies that nobody can use."""

import json
from dataclasses import dataclass

from local.utility.meters import check_digit
from local.utility.settings import Style

UNREADABLE = frozenset({"nan", "html", "truncated", "error_object", "charset"})
BAD_MESSAGES = {"wrong_point": "wrong_point", "empty_point": "unreadable_message"}

_READING = (
    '{"DeliveryCategory":"EL-EXT","Unit":"kWh","Consumption":%s,"ReadingDate":"2020-02-29T00:00:00",'
    '"ReadingMethod":"Fjärr","ReadingReason":"2"}'
)


@dataclass(frozen=True, slots=True)
class Body:
    """What goes over the wire: bytes under a Content-Type."""

    data: bytes
    content_type: str = "application/json; charset=utf-8"


def page(messages: list[str], place: tuple[int, int], total: int) -> str:
    """A wrapped page: (page, pages), counted from 1, and the number of all items."""
    return f'{{"Data":[{",".join(messages)}],"Page":{place[0]},"Pages":{place[1]},"Total":{total}}}'


def styled(style: Style, messages: list[str], place: tuple[int, int], total: int) -> str:
    """Messages in a feed's style. An object holds the first message only."""
    if style == "object":
        return messages[0]
    if style == "list":
        return f"[{','.join(messages)}]"
    return page(messages, place, total)


def bad_message(kind: str, number: int) -> str:
    """A message that names another point than asked, or none: the same one every time for a point."""
    named = ""
    if kind == "wrong_point":
        digits = f"7359992{number:010d}"
        named = f"{digits}{check_digit(digits)}"
    reading = _READING % f"{number}.412000007731"
    return f'{{"CustomerNumber":"10000","MeteringPoint":{json.dumps(named)},"ConsumptionReadings":[{reading}]}}'


def unreadable(kind: str, point: str, good: str) -> Body:
    """A body that must be refused as a whole. `good` is what would have been sent."""
    message = '{"CustomerNumber":"10000","MeteringPoint":"%s","ConsumptionReadings":[%s]}'
    match kind:
        case "html":
            page = "<!DOCTYPE html><html><body><h1>Tjänsten är tillfälligt stängd</h1></body></html>"
            return Body(page.encode(), "text/html; charset=utf-8")
        case "truncated":
            data = good.encode()
            return Body(data[: max(1, len(data) // 2)])
        case "error_object":
            return Body(b'{"Message":"Ett internt fel har uppst\xc3\xa5tt","ErrorCode":17}')
        case "charset":
            return Body((message % (point, _READING % "41.412000007731")).encode("latin-1"))
        case "nan":
            return Body((message % (point, _READING % "NaN")).encode())
    raise ValueError(f"no such unreadable body: {kind}")
