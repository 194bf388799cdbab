"""Run the simulated utility: `python -m local.utility --port 8080 --ledger ledger.jsonl --state world.json`."""

import asyncio
import hashlib
import signal
import sys
import time
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from local.utility.access import Access
from local.utility.command_line import Options, parse
from local.utility.delivery import Delivery
from local.utility.faults import Faults
from local.utility.ledger import Ledger
from local.utility.points_files import write_points
from local.utility.server import UtilityServer
from local.utility.settings import ZONE
from local.utility.simulation import Keeping, Pace, Simulation
from local.utility.state import StateFile, WorldState
from local.utility.world import World


def _now() -> datetime:
    return datetime.now(ZONE)


def build(options: Options) -> Simulation:
    """A simulation from its options, going on with a stored world if there is one."""
    files = options.files
    shape = repr(replace(options.world, anchor=datetime.min.replace(tzinfo=ZONE)))
    fresh = WorldState(hashlib.sha256(shape.encode()).hexdigest(), options.world.anchor)
    file = StateFile(files.state) if files.state else None
    state = file.load(fresh) if file else fresh
    world = World(replace(options.world, anchor=state.anchor.astimezone(ZONE)), _now, state.tick)
    ledger = Ledger(world, files.ledger)
    if files.points_dir is not None:
        write_points(world, files.points_dir)
    faults = Faults(options.faults, options.world.seed)
    return Simulation(world, ledger, faults, Pace(options.tick_seconds), Keeping(file, state))


async def tick_on(simulation: Simulation) -> None:
    """Let the world go on at its pace, for ever."""
    while True:
        moving = simulation.pace.moving
        await asyncio.sleep(simulation.pace.tick_seconds if moving else 0.1)
        if moving and simulation.pace.moving:
            simulation.advance()


async def serve(options: Options, simulation: Simulation) -> None:
    """Serve until SIGTERM or SIGINT; says in one line where."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    credentials, delays = options.service
    server = UtilityServer(simulation, Access(credentials, time.monotonic), Delivery(delays))
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, *options.address).start()
    port = runner.addresses[0][1]
    print(f"utility: listening on http://{options.address[0]}:{port}", flush=True)
    ticking = asyncio.create_task(tick_on(simulation))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({ticking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if ticking.done():
            ticking.result()
    finally:
        ticking.cancel()
        stopping.cancel()
        await runner.cleanup()
        simulation.ledger.close()


def main() -> int:
    """Exit code 0 after a signal, 2 for settings or files that do not fit."""
    try:
        options = parse(sys.argv[1:], _now())
        simulation = build(options)
    except ValueError as error:
        print(f"utility: {error}", file=sys.stderr)
        return 2
    asyncio.run(serve(options, simulation))
    return 0


if __name__ == "__main__":
    sys.exit(main())
