"""The addresses of a source: where one point's readings of a window are asked for."""

import secrets
from functools import lru_cache
from urllib.parse import quote

from yarl import URL

from producer.feed import Feed
from producer.windows import Window


class Addresses:
    """Makes them; whatever stands for a place is percent-encoded."""

    def __init__(self, feed: Feed) -> None:
        """Takes what they are made of."""
        self._feed = feed
        self._place = secrets.token_hex()
        """Stands for the name of a point, and nowhere else; like most names it is written as it is."""
        self._around = lru_cache(maxsize=64)(self._make_around)

    def of(self, metering_point: str, window: Window, page: str | None) -> URL:
        """The address to ask; ``page``: what asks for a further page."""
        if page is None and metering_point.isascii() and metering_point.isalnum():
            return URL(metering_point.join(self._around(window)), encoded=True)
        return URL(self._text(metering_point, window, page))

    def _make_around(self, window: Window) -> list[str]:
        """What stands around the name of a point: the same for all of them."""
        return str(URL(self._text(self._place, window, None))).split(self._place)

    def _text(self, metering_point: str, window: Window, page: str | None) -> str:
        feed = self._feed
        request = feed.mapping.request
        places = {
            "feed": request.feeds.get(feed.settings.granularity, ""),
            "metering_point": metering_point,
            "customer_number": feed.settings.customer_number or "",
        }
        first, end = window.dates
        if request.to_inclusive:
            _, end = Window(window.first, window.end - 1, window.task, window.last).dates
        query = {name: template.format_map(places) for name, template in request.parameters.items()}
        query |= {
            request.from_parameter: first.strftime(request.date_format),
            request.to_parameter: end.strftime(request.date_format),
        }
        if page is not None:
            query[feed.mapping.envelope.page_parameter] = page
        path = request.path.format_map({name: quote(text, safe="") for name, text in places.items()})
        pairs = "&".join(f"{quote(name, safe='')}={quote(text, safe=':')}" for name, text in query.items())
        return f"{(feed.settings.url or '').rstrip('/')}{path}?{pairs}"
