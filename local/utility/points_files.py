"""The configuration that a run against this utility needs: points of each feed, and of two receivers."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local.utility.meters import Meter, Terms, metering_point
from local.utility.world import World

POINTS_HEADER = (
    "metering_point",
    "category",
    "kind",
    "factor",
    "rolls_over_at",
    "max_per_period",
    "consumption_unit",
)
RECEIVER_HEADER = ("metering_point", "category", "receiver_key")


@dataclass(frozen=True, slots=True)
class PointsFiles:
    """Paths written: points by feed, receivers by name."""

    points: dict[str, Path]
    receivers: dict[str, Path]


def write_points(world: World, directory: Path) -> PointsFiles:
    """Write `points-FEED.csv` per feed and `receiver-vitec.csv`, `receiver-momentum.csv` into a directory.

    In both an empty category means every category of the point, and an empty cell the default.
    """
    directory.mkdir(parents=True, exist_ok=True)
    points = {name: directory / f"points-{name}.csv" for name in world.feeds}
    for name, path in points.items():
        _write(path, POINTS_HEADER, _point_rows(world, name))
    receivers = {name: directory / f"receiver-{name}.csv" for name in ("vitec", "momentum")}
    _write(receivers["vitec"], RECEIVER_HEADER, _vitec(world))
    _write(receivers["momentum"], RECEIVER_HEADER, _momentum(world))
    return PointsFiles(points, receivers)


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _point_rows(world: World, feed: str) -> Iterable[tuple[str, ...]]:
    """One row for a point without settings of its own, else one for each of its categories."""
    for number in range(world.settings.points):
        meter = world.meter(feed, number)
        if all(series.terms == Terms() for series in meter.series):
            yield (meter.metering_point, "", "", "", "", "", "")
            continue
        yield from _series_rows(meter)


def _series_rows(meter: Meter) -> Iterable[tuple[str, ...]]:
    for series in meter.series:
        terms = series.terms
        kept = (terms.kind, terms.factor, terms.rolls_over_at, terms.max_per_period, terms.consumption_unit)
        yield (meter.metering_point, series.category, *kept)


def _vitec(world: World) -> Iterable[tuple[str, ...]]:
    """Three points of four, with all their categories, each under a key of its own."""
    for number in range(world.settings.points):
        if number % 4 != 3:
            point = metering_point(number)
            yield from ((point, category, f"{point}/{category}") for category in _categories(world, number))


def _categories(world: World, number: int) -> list[str]:
    return sorted({series.category for feed in world.feeds for series in world.meter(feed, number).series})


def _momentum(world: World) -> Iterable[tuple[str, ...]]:
    """Every other point, some with their electricity only; and all registers of the rest."""
    for number in range(world.settings.points):
        point = metering_point(number)
        if number % 2 == 1:
            yield (point, "EL-EXT" if number % 8 == 5 else "", f"item-{number}")
        elif number % 3 == 0:
            yield (point, "EL-REG", f"item-{number}-register")
