"""The addresses of the simulated utility.

- GET /v1/{feed}/points/{metering_point}/consumption?from=YYYY-MM-DD&to=YYYY-MM-DD[&page=N]
  The readings of a point whose ReadingDate lies on a date in [from, to), in the feed's style. Pages (style
  "paged") are counted from 1; each holds a fixed run of days, so that they cannot shift while one reads them.
- GET /v1/{feed}/consumption?from=…&to=…[&page=N][&size=M]: wrapped pages of messages, M points each.
- POST /oauth/token: client credentials (form or Basic).
- GET /_status, GET /_ledger, POST /_control: for whoever runs the simulation; without a key.
The first two need `X-Api-Key: KEY` or `Authorization: Bearer KEY-OR-TOKEN`: 401 without, 404 for an unknown feed
or point, 400 for bad parameters. The ledger gets its lines as the last bytes of a body are handed to the socket.
"""

from dataclasses import dataclass, replace
from datetime import date

from aiohttp import web

from local.utility.access import Access
from local.utility.bodies import BAD_MESSAGES, UNREADABLE, Body, bad_message, page, styled, unreadable
from local.utility.control import ControlPages
from local.utility.delivery import Delivery
from local.utility.meters import metering_point, number_of
from local.utility.simulation import Simulation
from local.utility.world import Answer

_MAX_SIZE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """The checked parameters of a data request."""

    feed: str
    first: date
    end: date
    page: int


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says: the request's number, its (feed, point), the messages, a bad message, and its fate."""

    serial: int
    where: tuple[str, str | None]
    answers: list[Answer]
    bad: str | None
    fate: str


class UtilityServer:
    """Builds the aiohttp application of one simulation."""

    def __init__(self, simulation: Simulation, access: Access, delivery: Delivery) -> None:
        self._simulation = simulation
        self._access = access
        self._delivery = delivery
        delivery.clock_ahead = lambda: simulation.troubles.clock_ahead

    def application(self) -> web.Application:
        """The application with all addresses."""
        app = web.Application()
        app.router.add_get("/v1/{feed}/points/{point}/consumption", self._point)
        app.router.add_get("/v1/{feed}/consumption", self._all_points)
        app.router.add_post("/oauth/token", self._token)
        app.on_response_prepare.append(self._date)
        ControlPages(self._simulation).add_to(app.router)
        return app

    async def _date(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = self._delivery.date()

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        answer = self._access.issue(request.headers, form)
        if answer is None:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    def _refuse(self, status: int, name: str) -> web.Response:
        self._simulation.traffic.outcomes[name] += 1
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return web.json_response({"Message": name}, status=status, headers=headers)

    def _asked(self, request: web.Request) -> Asked | web.Response:
        if not self._access.allows(request.headers):
            return self._refuse(401, "unauthorised")
        feed = request.match_info["feed"]
        if feed not in self._simulation.world.feeds:
            return self._refuse(404, "not_found")
        try:
            first, end = date.fromisoformat(request.query["from"]), date.fromisoformat(request.query["to"])
            number = int(request.query.get("page", "1"))
        except (KeyError, ValueError):
            return self._refuse(400, "bad_request")
        if first > end or number < 1:
            return self._refuse(400, "bad_request")
        return Asked(feed, first, end, number)

    async def _point(self, request: web.Request) -> web.StreamResponse:
        """One point. Its number is taken before the world is looked at, so it orders what is said."""
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        point = request.match_info["point"]
        number = number_of(point, self._simulation.world.settings.points)
        if number is None:
            return self._refuse(404, "not_found")
        serial = self._simulation.next_request()
        fault = self._simulation.fate(asked.feed, number)
        answer, place = self._point_answer(asked, number)
        messages = [answer.json]
        style = self._simulation.world.feeds[asked.feed].settings.style
        if style == "list" and answer.readings == 0:
            messages = []
        bad = bad_message(fault, number) if fault in BAD_MESSAGES else None
        told = Told(serial, (asked.feed, point), [answer], bad, fault or "ok")
        if bad is not None:
            messages = [bad, *messages]
            told = replace(told, answers=[] if style == "object" else [answer])
        return await self._send(request, told, styled(style, messages, place, answer.readings))

    def _point_answer(self, asked: Asked, number: int) -> tuple[Answer, tuple[int, int]]:
        """The answer for one point, and (page, pages): the whole range unless the feed is paged."""
        world, back = self._simulation.world, self._simulation.troubles.ticks_back
        settings = world.feeds[asked.feed].settings
        if settings.style != "paged":
            return world.answer(asked.feed, number, asked.first, asked.end, back), (1, 1)
        begin, end = asked.first.toordinal(), asked.end.toordinal()
        pages = max(1, -((begin - end) // settings.page_days))
        low = min(end, begin + (asked.page - 1) * settings.page_days)
        high = min(end, low + settings.page_days)
        answer = world.answer(asked.feed, number, date.fromordinal(low), date.fromordinal(high), back)
        return answer, (asked.page, pages)

    async def _all_points(self, request: web.Request) -> web.StreamResponse:
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        size = request.query.get("size", "50")
        if not size.isdecimal() or not 1 <= int(size) <= _MAX_SIZE:
            return self._refuse(400, "bad_request")
        world, length = self._simulation.world, int(size)
        serial = self._simulation.next_request()
        fault = self._simulation.fate(asked.feed, -1)
        total = world.settings.points
        low = min(total, (asked.page - 1) * length)
        numbers = range(low, min(total, low + length))
        answers = [world.answer(asked.feed, number, asked.first, asked.end) for number in numbers]
        fault = None if fault == "wrong_point" else fault
        bad = bad_message(fault, 0) if fault in BAD_MESSAGES else None
        messages = [*([bad] if bad else []), *(answer.json for answer in answers)]
        text = page(messages, (asked.page, -(-total // length)), total)
        return await self._send(request, Told(serial, (asked.feed, None), answers, bad, fault or "ok"), text)

    async def _send(self, request: web.Request, told: Told, text: str) -> web.StreamResponse:
        """Answer with the fate that was dealt. What is told is noted as the last bytes go; see Delivery."""
        simulation, fate = self._simulation, told.fate
        simulation.traffic.outcomes[fate] += 1
        if fate in self._delivery.faults:
            return await self._delivery.faults[fate](request, Body(text.encode()))
        if fate in UNREADABLE:
            body = unreadable(fate, told.where[1] or metering_point(0), text)
            return await self._delivery.whole(
                request, body, lambda: simulation.served_unusable(told.serial, told.where, fate, None)
            )

        def note() -> None:
            simulation.served(told.serial, told.answers)
            if told.bad is not None:
                simulation.served_unusable(told.serial, told.where, fate, told.bad)

        deliver = self._delivery.slow if fate == "slow" else self._delivery.whole
        return await deliver(request, Body(text.encode()), note)
