"""The options of the simulated utility."""

import argparse
import os
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast, get_args

from local.utility.access import Credentials
from local.utility.delivery import Delays
from local.utility.settings import (
    DEFAULT_FEEDS,
    ZONE,
    FaultRates,
    FeedSettings,
    Granularity,
    HappeningRates,
    Style,
    WorldSettings,
    anchor_of,
)

_Rates = TypeVar("_Rates", HappeningRates, FaultRates)


@dataclass(frozen=True, slots=True)
class Files:
    """Where things are kept or written; None: not at all."""

    ledger: Path | None
    state: Path | None
    points_dir: Path | None


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that the command line settles. address: host and port."""

    address: tuple[str, int]
    tick_seconds: float
    world: WorldSettings
    faults: FaultRates
    files: Files
    service: tuple[Credentials, Delays]


def parse(arguments: list[str], now: datetime) -> Options:
    """Options from a command line. Raises ValueError for rates and feeds that make no sense."""
    given = _parser().parse_args(arguments)
    faults = _none(FaultRates()) if given.no_faults else FaultRates()
    return Options(
        address=(given.host, given.port),
        tick_seconds=given.tick,
        world=_world(given, now),
        faults=_rates(faults, given.fault),
        files=Files(given.ledger, given.state, given.points_dir),
        service=(_credentials(given.token_seconds), Delays(given.retry_after, given.slow_seconds)),
    )


def _world(given: argparse.Namespace, now: datetime) -> WorldSettings:
    feeds = tuple(_feed(text) for text in given.feed) if given.feed else DEFAULT_FEEDS
    sizes = {"month": given.history_months, "day": given.history_days, "hour": given.history_hours}
    happenings = _none(HappeningRates()) if given.no_happenings else HappeningRates()
    return WorldSettings(
        seed=given.seed,
        points=given.points,
        anchor=anchor_of(given.anchor.replace(tzinfo=ZONE) if given.anchor else now),
        feeds=tuple(replace(feed, history=sizes[feed.granularity]) for feed in feeds),
        lag_hours=given.lag_hours,
        change_days=given.change_days,
        happenings=_rates(happenings, given.rate),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.utility", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0: any free one; it is printed")
    add("--seed", type=int, default=1)
    add("--points", type=int, default=100)
    add("--tick", type=float, default=1.0, help="seconds per tick (one hour is released per tick); 0: still")
    add("--lag-hours", type=int, default=72, help="how far behind the anchor the world begins")
    add("--change-days", type=int, default=7, help="how far back readings of the history may change")
    add("--feed", action="append", metavar="NAME=month|day|hour[:object|list|paged]", help="repeatable")
    add("--history-months", type=int, default=24)
    add("--history-days", type=int, default=60)
    add("--history-hours", type=int, default=14 * 24)
    add("--rate", action="append", default=[], metavar="HAPPENING=SHARE", help="repeatable")
    add("--no-happenings", action="store_true", help="only plain readings, unless --rate")
    add("--fault", action="append", default=[], metavar="FAULT=SHARE", help="repeatable")
    add("--no-faults", action="store_true", help="only good answers, unless --fault")
    add("--anchor", type=datetime.fromisoformat, help="the world's first hour (UTC+1) instead of the present one")
    add("--ledger", type=Path, help="append what is served to this file (JSON lines)")
    add("--state", type=Path, help="keep the tick here, to go on after a restart")
    add("--points-dir", type=Path, help="write the points files of feeds and receivers here")
    add("--token-seconds", type=float, default=300.0)
    add("--retry-after", type=int, default=1)
    add("--slow-seconds", type=float, default=2.0)
    return parser


def _feed(text: str) -> FeedSettings:
    name, _, kind = text.partition("=")
    granularity, _, style = kind.partition(":")
    style = style or "object"
    if not name or granularity not in get_args(Granularity) or style not in get_args(Style):
        raise ValueError(f"--feed {text}: is not NAME=month|day|hour[:object|list|paged]")
    return FeedSettings(name, cast(Granularity, granularity), 1, cast(Style, style))


def _none(rates: _Rates) -> _Rates:
    return replace(rates, **{item.name: 0.0 for item in fields(rates)})


def _rates(rates: _Rates, texts: list[str]) -> _Rates:
    known = {item.name for item in fields(rates)}
    changed: dict[str, float] = {}
    for text in texts:
        name, _, share = text.partition("=")
        if name not in known:
            raise ValueError(f"{text}: not one of {', '.join(sorted(known))}")
        changed[name] = float(share)
    return replace(rates, **changed)


def _credentials(token_seconds: float) -> Credentials:
    """Keys from the environment, with defaults that are no secrets: nothing real is behind them."""
    return Credentials(
        os.environ.get("UTILITY_API_KEY", "simulated-key"),
        os.environ.get("UTILITY_CLIENT_ID", "simulated-client"),
        os.environ.get("UTILITY_CLIENT_SECRET", "simulated-secret"),
        token_seconds,
    )
