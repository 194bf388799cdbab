"""How a table of the customer's own is to be read, so that it can be compared with what a receiver holds (TOML)."""

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from runtime.errors import ConfigError
from runtime.settings.group import Group
from runtime.settings.secret import Secret
from runtime.zones import Zone, zone_of

Stamp = Literal["start", "end", "last-day"]


class ForeignColumns(Group):
    """The names of its columns, as the database has them."""

    key: str = Field(description="the column of its keys")
    time: str = Field(description="the moment or date that names a period")
    value: str
    category: str | None = None
    unit: str | None = Field(default=None, description="of each row; else all are in the file's unit")


class ForeignTable(Group):
    """One table. ``period``: what its time names, the start or end of the period or its last day."""

    database: Literal["postgresql", "sqlite", "mariadb", "sqlserver"]
    dsn: Secret | None = None
    path: Path | None = None
    table: str = Field(description="with its schema, if it needs one: import.readings")
    columns: ForeignColumns
    keys: Literal["metering_point", "receiver_key"] = Field(
        default="metering_point", description="what its key column holds: metering points, or the receiver's own keys"
    )
    unit: str = "kWh"
    zone: str = Field(default="+01:00", description="of times that carry none")
    period: Stamp = "start"
    compared: Literal["consumption", "value"] = Field(default="consumption", description="what of ours it is to equal")
    category: str | None = Field(default=None, description="compare only this one; needed where it has no category")
    granularity: Literal["month", "day", "hour", "quarter"] | None = Field(
        default=None, description="compare only rows of this one"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.database == "sqlite") != (self.path is not None and self.dsn is None):
            raise ValueError("a sqlite table needs path, any other one dsn")
        if self.columns.category is None and self.category is None:
            raise ValueError("say which category it holds: columns.category or category")
        zone_of(self.zone)
        return self

    @property
    def where(self) -> Zone:
        """The zone of its times."""
        return zone_of(self.zone)


def read_foreign(file: Path) -> ForeignTable:
    """Reads the file; its path is relative to it.

    Raises:
        ConfigError: every problem in it.
    """
    try:
        written = tomllib.loads(file.read_text("utf-8"))
        if isinstance(written.get("path"), str):
            written["path"] = str(file.parent / written["path"])
        return ForeignTable.model_validate(written)
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None
    except ValidationError as error:
        lines = [f"{file}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise ConfigError(lines) from None
    except ValueError as error:
        raise ConfigError([f"{file}: not TOML: {error}"]) from None
