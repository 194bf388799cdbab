"""The addresses for whoever runs the simulation: what it has done, its ledger, and its controls."""

import msgspec
from aiohttp import web

from local.utility.simulation import Simulation
from local.utility.trouble import Trouble


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /_control. Every field is optional; what is not named stays.

    quiet: stop changes and faults. pause: stop the ticks only. tick_seconds: the pace, 0 = still. ticks: go on
    by so many ticks at once. trouble: what every request meets from now on; "none" ends it.
    """

    quiet: bool | None = None
    pause: bool | None = None
    tick_seconds: float | None = None
    ticks: int = 0
    trouble: Trouble | None = None


class ControlPages:
    """GET /_status, GET /_ledger, POST /_control of one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the addresses to an application's router."""
        router.add_get("/_status", self._status)
        router.add_get("/_ledger", self._ledger)
        router.add_post("/_control", self._control)

    async def _status(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._simulation.status())

    async def _ledger(self, _request: web.Request) -> web.StreamResponse:
        path = self._simulation.ledger.path
        if path is None:
            return web.json_response({"Message": "no ledger is kept: start with --ledger PATH"}, status=404)
        return web.FileResponse(path, headers={"Content-Type": "application/x-ndjson"})

    async def _control(self, request: web.Request) -> web.StreamResponse:
        try:
            order = msgspec.json.decode(await request.read(), type=Order)
        except msgspec.DecodeError as error:
            return web.json_response({"Message": str(error)}, status=400)
        if order.ticks < 0 or (order.tick_seconds or 0.0) < 0:
            return web.json_response({"Message": "ticks and tick_seconds cannot be negative"}, status=400)
        self._obey(order)
        return web.json_response(self._simulation.status())

    def _obey(self, order: Order) -> None:
        if order.tick_seconds is not None:
            self._simulation.pace.tick_seconds = order.tick_seconds
        if order.pause is not None:
            self._simulation.pace.paused = order.pause
        self._simulation.advance(order.ticks)
        if order.trouble is not None:
            self._simulation.troubles.now = order.trouble
        if order.quiet is not None:
            self._simulation.set_quiet(order.quiet)
