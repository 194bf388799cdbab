"""A stand-in for Momentum's external API: what it shows is what a receiver's momentum layout holds, by month.

On loopback, in a thread of its own. Tokens of client credentials, which end; pages, of which the server sets the
largest; 404 for a key that it does not know; troubles as a test orders them.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Context, Decimal
from functools import reduce
from typing import Any

import msgspec
from aiohttp import web

Item = Mapping[str, Any]
"""A row of the layout: ItemKey, StartDate, StopDate, Consumption, ConsumptionUnit; dates as dates."""

WIDE = Context(prec=60)
ENCODER = msgspec.json.Encoder(decimal_format="number")
PATH = "/api/external/v2/statistics/bykey/{key}/{begin}/{end}/groupbyusage"


class MomentumStandIn:
    """``troubles``: statuses that the next requests get; ``token_ends``: after so many requests; ``asked``: paths."""

    def __init__(self, items: Iterable[Item], most: int = 5) -> None:
        self.clients = {"us": "battery-staple"}
        self.items = list(items)
        self.most = most
        self.troubles: list[int] = []
        self.token_ends = 1_000_000
        self.tokens = 0
        self.asked: list[str] = []
        self.retry_after = "0"
        self._served = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "MomentumStandIn":
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> str:
        application = web.Application()
        application.router.add_post("/token", self._token)
        application.router.add_get(PATH, self._statistics)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (
            form["grant_type"] != "client_credentials"
            or self.clients.get(str(form["client_id"])) != form["client_secret"]
        ):
            return web.json_response({"error": "invalid_client"}, status=401)
        self.tokens += 1
        self._served = 0
        return web.json_response({"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": 3600})

    async def _statistics(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        self._served += 1
        if request.headers.get("Authorization") != f"Bearer token-{self.tokens}" or self._served > self.token_ends:
            return web.Response(status=401)
        if self.troubles:
            return web.Response(status=self.troubles.pop(0), headers={"Retry-After": self.retry_after})
        key = request.match_info["key"]
        if key not in {item["ItemKey"] for item in self.items}:
            return web.Response(status=404)
        begin, end = (date.fromisoformat(request.match_info[name]) for name in ("begin", "end"))
        figures = list(self._by_month(key, begin, end))
        skip, take = int(request.query["skip"]), min(self.most, int(request.query["take"]))
        page = {"Data": figures[skip : skip + take], "Total": len(figures), "Take": take, "Skip": skip}
        return web.Response(body=ENCODER.encode(page), content_type="application/json")

    def _by_month(self, key: str, begin: date, end: date) -> Iterable[dict[str, Any]]:
        """Sums of the items that begin in each month; null where none of them has a number."""
        months: dict[tuple[date, str], list[Decimal | None]] = defaultdict(list)
        for item in self.items:
            if item["ItemKey"] == key and begin <= item["StartDate"] < end:
                month = item["StartDate"].replace(day=1), item["ConsumptionUnit"]
                months[month].append(item["Consumption"])
        for (start, unit), amounts in sorted(months.items()):
            known = [amount for amount in amounts if amount is not None]
            stop = date(start.year + start.month // 12, start.month % 12 + 1, 1)
            yield {
                "Usage": "Fastighetsel",
                "StartDate": f"{start}T00:00:00",
                "StopDate": f"{stop}T00:00:00",
                "Consumption": reduce(WIDE.add, known) if known else None,
                "ConsumptionUnit": unit,
                "LastUpdated": "2026-11-23T12:00:00",
            }
