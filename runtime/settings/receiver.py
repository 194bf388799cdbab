"""A receiver: one receiving system's database."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from runtime.settings.group import Group
from runtime.settings.secret import Secret


class ReceiverSettings(Group):
    """One receiver; its name is its key in the file."""

    database: Literal["postgresql", "sqlite"]
    dsn: Secret | None = Field(default=None, description="postgresql: libpq connection string or URL")
    path: Path | None = Field(default=None, description="sqlite: the database file")
    points: Path = Field(description="CSV: metering_point,category")
