"""The mapping of a utility: how its API is asked, and what its answers mean. One TOML file per utility."""

import string
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal
from unicodedata import normalize

from pydantic import Field, ValidationError, field_validator

from runtime.errors import ConfigError
from runtime.settings.group import Group
from runtime.settings.source import CategorySettings, Stamp
from schemas.events import Granularity, Quality, SeriesKind

PLACES = frozenset({"feed", "metering_point", "customer_number"})
"""What may stand in braces in a path template or a parameter."""
_STAMPS: dict[Granularity, Stamp] = {"month": "last-day", "day": "last-day", "hour": "end", "quarter": "end"}


class RequestMapping(Group):
    """How one point's readings of a span of dates are asked for."""

    path: str = Field(pattern=r"^/")
    feeds: dict[Granularity, str] = Field(default_factory=dict, description="what {feed} stands for")
    from_parameter: str = "from"
    to_parameter: str = "to"
    date_format: str = "%Y-%m-%d"
    to_inclusive: bool = Field(default=False, description="whether the date in to_parameter is asked for, too")
    parameters: dict[str, str] = Field(default_factory=dict, description="more query parameters")

    @field_validator("path")
    @classmethod
    def _path_places(cls, path: str) -> str:
        _check_places(path)
        return path

    @field_validator("parameters")
    @classmethod
    def _parameter_places(cls, parameters: dict[str, str]) -> dict[str, str]:
        for template in parameters.values():
            _check_places(template)
        return parameters


class Envelope(Group):
    """What an answer is: one message, a list of messages, or a page that holds a list of messages.

    Of a page, either ``pages`` (how many there are, counted from 1) or ``next`` (a token for the next page, absent or
    null on the last) names the field that says whether there are more.
    """

    shape: Literal["object", "list", "page"] = "object"
    items: str = "Data"
    page_parameter: str = "page"
    pages: str | None = "Pages"
    next: str | None = None


class FieldNames(Group):
    """The names of the fields in a message and in its readings."""

    customer_number: str = "CustomerNumber"
    metering_point: str = "MeteringPoint"
    readings: str = "ConsumptionReadings"
    delivery_category: str = "DeliveryCategory"
    unit: str = "Unit"
    consumption: str = "Consumption"
    reading_date: str = "ReadingDate"
    reading_method: str = "ReadingMethod"
    reading_reason: str = "ReadingReason"

    @property
    def of_a_reading(self) -> frozenset[str]:
        """Every field that a reading may have without being counted as unknown."""
        return frozenset(
            {
                self.delivery_category,
                self.unit,
                self.consumption,
                self.reading_date,
                self.reading_method,
                self.reading_reason,
            }
        )


class CalendarMapping(Group):
    """How dates are written."""

    zone: str = "+01:00"
    stamps: dict[Granularity, Stamp] = Field(default_factory=lambda: dict(_STAMPS))


class UnitMapping(Group):
    """The consumption unit of a unit as sent; a unit that is not named is its own."""

    consumption_units: dict[str, str] = Field(default_factory=lambda: dict.fromkeys(("Wh", "kWh", "MWh", "GWh"), "kWh"))


class Mapping(Group):
    """A mapping file. ``version`` is raised when its meaning changes without its text changing."""

    version: int = 1
    request: RequestMapping
    envelope: Envelope = Envelope()
    fields: FieldNames = FieldNames()
    calendar: CalendarMapping = CalendarMapping()
    units: UnitMapping = UnitMapping()
    qualities: dict[str, Quality] = Field(default_factory=dict, description="by method, compared after NFC")
    categories: dict[str, CategorySettings] = Field(default_factory=dict)
    default_kind: SeriesKind = "volume"

    @field_validator("qualities")
    @classmethod
    def _normalised(cls, qualities: dict[str, Quality]) -> dict[str, Quality]:
        return {normalize("NFC", method): quality for method, quality in qualities.items()}


def load_mapping(name: str) -> Mapping:
    """Reads a mapping that ships, by its name, or a TOML file, by its path.

    Raises:
        ConfigError: there is none, or every problem found in it.
    """
    try:
        mapping = Mapping.model_validate(tomllib.loads(_text(name)))
    except OSError as error:
        raise ConfigError([f"mapping {name}: cannot be read: {error.strerror}; name a TOML file"]) from None
    except ValidationError as error:
        raise ConfigError(
            [f"mapping {name}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()]
        ) from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number or a nesting beyond Python's limits
        raise ConfigError([f"mapping {name}: not TOML: {error}"]) from None
    return mapping


def shipped() -> list[str]:
    """The names of the mappings that ship."""
    folder = files("producer").joinpath("mappings")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def _text(name: str) -> str:
    if name in shipped():
        return files("producer").joinpath("mappings", f"{name}.toml").read_text("utf-8")
    if not name.endswith(".toml"):
        raise ConfigError([f"mapping {name}: there is no such mapping; there are: {', '.join(shipped())}"])
    return Path(name).read_text("utf-8")


def _check_places(template: str) -> None:
    """Raises ValueError where a template has other places than :data:`PLACES`."""
    for _, place, spec, conversion in string.Formatter().parse(template):
        if place is not None and (place not in PLACES or spec or conversion):
            raise ValueError(f"{{{place}}} is not known; there are: {', '.join(sorted(PLACES))}")
