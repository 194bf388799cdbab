"""A utility that costs next to nothing: bodies made once, behind the least of HTTP.

A process of its own:

    python -m benchmarks.prepared_utility PORT POINTS HOURS END TICK

It answers as the simulated utility does where nothing goes wrong: the readings of a point whose dates lie in
[from, to). ``/_asked`` tells when it was asked first, in seconds since 1970.
"""

import asyncio
import json
import sys
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import cast
from urllib.parse import parse_qs, urlsplit

import uvloop

from benchmarks.events import points
from schemas.instants import HOUR

ZONE = timedelta(hours=1)
ASKED = "/_asked"
VARIANTS = 97
"""So many points have readings of their own; the others repeat them."""
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


@dataclass(frozen=True)
class World:
    """``hours`` readings of each of ``points``, the last one at ``end`` (UTC microseconds, a full hour).

    ``tick``: seconds in which each point has one hour more; the points take turns. 0: none has.
    """

    points: int
    hours: int
    end: int
    tick: float = 0.0

    @property
    def readings(self) -> int:
        """How many there are to begin with."""
        return self.points * self.hours

    @property
    def arguments(self) -> list[str]:
        """As the command line takes them, behind the port."""
        return [str(self.points), str(self.hours), str(self.end), str(self.tick)]

    def released(self, point: int, seconds: float) -> int:
        """How many hours of a point there are so many seconds after the utility's start."""
        more = int(seconds / self.tick + point / self.points) if self.tick else 0
        return self.hours + more

    @property
    def start(self) -> int:
        """The instant of hour 0."""
        return self.end - (self.hours - 1) * HOUR

    @staticmethod
    def thousandths(point: int, hour: int) -> int:
        """What a point used in an hour, in Wh."""
        return (point % VARIANTS * 7_919 + hour * 104_729) % 1_000_003

    def totals(self, point: int) -> tuple[int, int]:
        """The sum of a point's amounts, and the sum of each times its hour: it tells whether each stands in its place.

        In Wh.
        """
        amounts = [self.thousandths(point, hour) for hour in range(self.hours)]
        return sum(amounts), sum(hour * amount for hour, amount in enumerate(amounts))

    def reading(self, point: int, hour: int) -> str:
        """One reading as JSON."""
        amount = self.thousandths(point, hour)
        return (
            f'{{"DeliveryCategory":"EL-EXT","Unit":"kWh","Consumption":{amount // 1_000}.{amount % 1_000:03},'
            f'"ReadingDate":"{self.wall(hour).isoformat()}","ReadingMethod":"Fjärr","ReadingReason":"2"}}'
        )

    def wall(self, hour: int) -> datetime:
        """The date of an hour's reading, as the utility writes it."""
        return (datetime.fromtimestamp((self.start + hour * HOUR) / 1_000_000, UTC) + ZONE).replace(tzinfo=None)


class Bodies:
    """What the utility answers; each list of readings is made once."""

    def __init__(self, world: World) -> None:
        """The world's clock starts now."""
        self._world = world
        self._reading = cache(world.reading)
        self._listed = cache(self._list)
        self._numbers = {name: number for number, name in enumerate(points(world.points))}
        self._started = time.monotonic()
        self._asked = 0.0

    def answer(self, target: str) -> bytes:
        """The body for a path with its query."""
        if target == ASKED:
            return json.dumps(self._asked).encode()
        self._asked = self._asked or time.time()
        address = urlsplit(target)
        query = parse_qs(address.query)
        name = address.path.split("/")[4]  # /v1/hours/points/NAME/consumption
        number = self._numbers[name]
        released = self._world.released(number, time.monotonic() - self._started)
        listed = self._listed(number % VARIANTS, query["from"][0], query["to"][0], released)
        return b'{"CustomerNumber":"004711","MeteringPoint":"%s","ConsumptionReadings":[%s]}' % (name.encode(), listed)

    def _list(self, variant: int, first: str, end: str, released: int) -> bytes:
        begin, stop = date.fromisoformat(first), date.fromisoformat(end)
        chosen = (hour for hour in range(released) if begin <= self._world.wall(hour).date() < stop)
        return ",".join(self._reading(variant, hour) for hour in chosen).encode()


class _Connection(asyncio.Protocol):
    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, self._received = self._received.split(b"\r\n\r\n", 1)
            body = self._bodies.answer(request.split(b" ", 2)[1].decode())
            self._transport.write(_OK % (len(body), body))


def served(port: int) -> float:
    """When the utility at a port was asked first, in seconds since 1970; 0: not yet, or it does not answer yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{ASKED}", timeout=10) as answer:
            return float(answer.read())
    except OSError:
        return 0.0


async def _serve(port: int, world: World) -> None:
    bodies = Bodies(world)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(bodies), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    listen, count, history, last, ticking = sys.argv[1:]
    uvloop.run(_serve(int(listen), World(int(count), int(history), int(last), float(ticking))))
