"""A receiver: one receiving system's database."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from runtime.settings.group import Group
from runtime.settings.secret import Secret


class BatchSettings(Group):
    """How much is read and written at once. Batches are as small as the backlog is: a lone row does not wait."""

    rows: int = Field(default=10_000, ge=1, le=100_000, description="records per database transaction at most")
    partition_bytes: int = Field(default=1 << 20, ge=1 << 10, description="fetched per partition at once")
    fetch_bytes: int = Field(default=8 << 20, ge=1 << 10, description="fetched from a broker at once")


class ReceiverSettings(Group):
    """One receiver; its name is its key in the file."""

    database: Literal["postgresql", "sqlite"]
    dsn: Secret | None = Field(default=None, description="postgresql: libpq connection string or URL")
    database_schema: str = Field(
        default="meterstream",
        pattern=r"^[a-z_][a-z0-9_]{0,40}$",
        description="postgresql: the schema of the receiver's tables",
    )
    path: Path | None = Field(default=None, description="sqlite: the database file")
    points: Path = Field(description="CSV: metering_point,category; an empty category means all of the point's")
    timeout: float = Field(
        default=30.0, gt=0, le=45, description="seconds that one database statement may take; /healthz waits for 60"
    )
    batch: BatchSettings = BatchSettings()

    @model_validator(mode="after")
    def _has_its_address(self) -> Self:
        if self.database == "postgresql" and self.dsn is None:
            raise ValueError('a postgresql receiver needs dsn = { env = "NAME" }')
        if self.database == "sqlite" and self.path is None:
            raise ValueError("a sqlite receiver needs path, the database file")
        return self
