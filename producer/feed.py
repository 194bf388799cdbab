"""A feed: one source with everything resolved that its settings and its mapping say about reading it."""

import hashlib
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from producer.calendar import Grid
from producer.mapping import Mapping, load_mapping
from producer.points import NOTHING_SET, Point, SeriesSettings
from runtime.errors import ConfigError
from runtime.settings.source import CategorySettings, SourceSettings
from runtime.zones import Zone, zone_of
from schemas.events import SeriesKind

FINGERPRINT = 8
"""Bytes of a fingerprint."""


@dataclass(frozen=True, slots=True)
class CategoryRules:
    """How one category of the feed is read."""

    kind: SeriesKind
    grid: Grid
    consumption_unit: str | None
    known: bool


@dataclass(frozen=True)
class Feed:
    """One source. ``rules`` are by category, "" for every category that is not named."""

    name: str
    settings: SourceSettings
    mapping: Mapping
    zone: Zone
    rules: Map[str, CategoryRules]
    _digest: bytes = field(repr=False)

    def of(self, category: str) -> CategoryRules:
        """The rules of a category."""
        return self.rules.get(category) or self.rules[""]

    def fingerprint(self, point: Point) -> bytes:
        """Changes whenever a setting changes that goes into the readings of a point."""
        return self._usual_fingerprint if point.series is NOTHING_SET else self._fingerprint(point.series)

    @cached_property
    def _usual_fingerprint(self) -> bytes:
        return self._fingerprint(NOTHING_SET)

    def _fingerprint(self, of: Map[str, SeriesSettings]) -> bytes:
        digest = hashlib.blake2b(self._digest, digest_size=FINGERPRINT)
        for category, series in sorted(of.items()):
            digest.update(repr((category, series)).encode())
        return digest.digest()


def resolve(name: str, settings: SourceSettings) -> Feed:
    """Puts a source's settings over its mapping.

    Raises:
        ConfigError: every problem found.
    """
    try:
        mapping = load_mapping(settings.mapping)
    except ConfigError as error:
        raise ConfigError([f"sources.{name}.{problem}" for problem in error.problems]) from None
    problems = _problems(settings, mapping)
    try:
        zone = zone_of(settings.zone or mapping.calendar.zone)
        rules = _rules(settings, mapping, zone)
    except ValueError as error:
        raise ConfigError([f"sources.{name}: {problem}" for problem in (*problems, str(error))]) from None
    if problems:
        raise ConfigError([f"sources.{name}: {problem}" for problem in problems])
    return Feed(name, settings, mapping, zone, rules, _digest(settings, mapping))


def _problems(settings: SourceSettings, mapping: Mapping) -> list[str]:
    problems = []
    templates: tuple[str, ...] = (mapping.request.path, *mapping.request.parameters.values())
    if settings.folder is not None:
        templates = ()  # nothing is asked for
    elif not any("{metering_point}" in template for template in templates):
        problems.append(f"mapping {settings.mapping}: neither path nor parameters hold {{metering_point}}")
    if settings.granularity not in mapping.calendar.stamps:
        problems.append(f"mapping {settings.mapping}: calendar.stamps has no {settings.granularity}")
    if any("{feed}" in template for template in templates) and settings.granularity not in mapping.request.feeds:
        problems.append(f"mapping {settings.mapping}: request.feeds has no {settings.granularity}")
    if any("{customer_number}" in template for template in templates) and settings.customer_number is None:
        problems.append("customer_number: the mapping's path needs it; set it")
    return problems


def _rules(settings: SourceSettings, mapping: Mapping, zone: Zone) -> dict[str, CategoryRules]:
    names = {"", *mapping.categories, *settings.categories}
    return {name: _category(name, settings, mapping, zone) for name in names}


def _category(name: str, settings: SourceSettings, mapping: Mapping, zone: Zone) -> CategoryRules:
    default = CategorySettings(kind=mapping.default_kind, stamp=mapping.calendar.stamps.get(settings.granularity))
    merged: dict[str, object] = {}
    for layer in (default, mapping.categories.get(name), settings.categories.get(name)):
        merged |= layer.model_dump(exclude_none=True) if layer else {}
    rules = CategorySettings.model_validate(merged)
    return CategoryRules(
        kind=rules.kind or mapping.default_kind,
        grid=Grid(zone, settings.granularity, rules.stamp or "end"),
        consumption_unit=rules.consumption_unit,
        known=name in mapping.categories or name in settings.categories,
    )


def _digest(settings: SourceSettings, mapping: Mapping) -> bytes:
    own = settings.model_dump(include={"granularity", "zone", "categories", "customer_number"})
    described = msgspec.json.encode((mapping.model_dump(exclude={"request", "envelope"}), own), order="deterministic")
    return hashlib.blake2b(described, digest_size=32).digest()
