"""One screen: what flows, and how every process does. Plain lines where there is no terminal."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.scrape import Samples, quantile
from local.supervisor import State

LINE_EVERY = 5.0
"""Seconds between two lines where there is no terminal."""


@dataclass(frozen=True)
class Picture:
    """What is shown at one moment. ``before``: scraped when the present phase began."""

    phase: str
    now: Samples
    before: Samples
    states: Sequence[State]
    receivers: Sequence[str]


class Screen:
    """Shows pictures. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        """Nothing is shown yet."""
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None
        self._last_line = 0.0

    def __enter__(self) -> "Screen":
        """Takes the terminal's last lines."""
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Leaves the last picture standing."""
        if self._live:
            self._live.stop()

    def show(self, picture: Picture) -> None:
        """Shows a picture; without a terminal one line now and then."""
        if self._live:
            self._live.update(Group(_flow(picture), _processes(picture.states)), refresh=True)
        elif time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            self._console.print(_line(picture), highlight=False, soft_wrap=True)


def freshness(picture: Picture, receiver: str, share: float) -> str:
    """A quantile of the freshness of this phase, such as ``0.12 s``."""
    name, label = "meterstream_sink_freshness_seconds", {"receiver": receiver}
    found = quantile(share, picture.now.buckets(name, **label), picture.before.buckets(name, **label))
    return "–" if found is None else f"{found:.2f} s"


def _counts(picture: Picture) -> list[tuple[str, int]]:
    now = picture.now
    published = now.by("meterstream_streams_published_total", "cause")
    letters = (
        now.total("meterstream_producer_refused_total")
        + now.total("meterstream_streams_dead_letters_total")
        + now.total("meterstream_sink_dead_letters_total")
    )
    return [
        ("polled", int(now.total("meterstream_producer_polled_total"))),
        ("published", int(now.total("meterstream_producer_published_total"))),
        ("unchanged", int(now.total("meterstream_producer_unchanged_total"))),
        ("duplicates", int(now.total("meterstream_streams_duplicates_total"))),
        ("new", int(published.get("new", 0))),
        ("corrected", int(published.get("corrected", 0))),
        ("recomputed", int(published.get("recomputed", 0))),
        ("held", int(now.total("meterstream_streams_held_total"))),
        ("dead letters", int(letters)),
    ]


def _delivered(picture: Picture, receiver: str) -> int:
    return int(picture.now.total("meterstream_sink_rows_written_total", receiver=receiver))


def _flow(picture: Picture) -> Group:
    counts = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name, _ in _counts(picture):
        counts.add_column(name, justify="right", style="bold")
    counts.add_row(*(f"{count:,}" for _, count in _counts(picture)))
    receivers = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name in ("receiver", "delivered", "lag", "fresh p50", "fresh p99"):
        receivers.add_column(name, justify="left" if name == "receiver" else "right")
    for receiver in picture.receivers:
        lag = int(picture.now.total("meterstream_sink_lag_records", receiver=receiver))
        fresh = (freshness(picture, receiver, 0.5), freshness(picture, receiver, 0.99))
        receivers.add_row(receiver, f"{_delivered(picture, receiver):,}", f"{lag:,}", *fresh)
    return Group(Text(picture.phase, style="bold cyan"), counts, receivers)


def _processes(states: Sequence[State]) -> Text:
    text = Text()
    for state in states:
        note = f" restarted {state.restarts}×" if state.restarts else ""
        ended = f" ended ({state.exit_code}), again in {state.restart_in or 0:.0f} s" if not state.alive else ""
        text.append("● ", style="green" if state.alive else "red")
        text.append(f"{state.name}{note}{ended}  ")
    return text


def _line(picture: Picture) -> str:
    counts = " · ".join(f"{name} {count:,}" for name, count in _counts(picture) if count)
    delivered = " · ".join(f"{name} {_delivered(picture, name):,}" for name in picture.receivers)
    down = [state.name for state in picture.states if not state.alive]
    return f"{picture.phase}: {counts} | delivered: {delivered}" + (f" | down: {', '.join(down)}" if down else "")
