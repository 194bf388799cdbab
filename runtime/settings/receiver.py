"""A receiver: one receiving system, with a database of its own for each of its stages."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from runtime.settings.group import Group
from runtime.settings.momentum_api import MomentumApiSettings
from runtime.settings.secret import Secrets

Stage = Literal["production", "test"]
STAGES: tuple[Stage, ...] = ("production", "test")
DatabaseKind = Literal["postgresql", "sqlite", "mariadb", "sqlserver", "files"]
TableName = Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w{0,59}(\.[^\W\d]\w{0,59})?$")]
IN_A_FILE: tuple[DatabaseKind, ...] = ("sqlite", "files")


class BatchSettings(Group):
    """How much is read and written at once. Batches are as small as the backlog is: a lone row does not wait."""

    rows: int = Field(default=10_000, ge=1, le=100_000, description="records per database transaction at most")
    partition_bytes: int = Field(default=1 << 20, ge=1 << 10, description="fetched per partition at once")
    fetch_bytes: int = Field(default=8 << 20, ge=1 << 10, description="fetched from a broker at once")


class FilesSettings(Group):
    """How a receiver of files is given its drops: numbered sets of files, each whole once its manifest is there."""

    format: tuple[Literal["csv", "json"], ...] = Field(
        default=("csv",), min_length=1, description="csv: the rows; json: the readings, in the utility's own structure"
    )
    every: float = Field(
        default=60.0, ge=1, le=86_400, description="seconds at least between two drops; looked at every few seconds"
    )
    rows: int = Field(default=20_000, ge=1, le=200_000, description="changed rows per drop at most")
    keep_days: float | None = Field(
        default=None, gt=0, description="days after which a drop is removed; default: whoever reads them removes them"
    )
    delimiter: Literal[",", ";", "tab"] = Field(default=",", description="csv: what stands between two cells")
    decimal: Literal[".", ","] = Field(default=".", description="csv: the decimal mark of numbers")

    @model_validator(mode="after")
    def _tells_cells_from_fractions(self) -> Self:
        if self.delimiter == self.decimal:
            raise ValueError('decimal and delimiter are both a comma; choose delimiter = ";"')
        return self


class StageSettings(Group):
    """Where one stage of a receiver stands, and what of the feed it is given."""

    database: DatabaseKind
    dsn: Secrets | None = Field(
        default=None,
        description="the database's address with user and password, as a URL; while a password is changed a list: "
        "the new one, the old one",
    )
    database_schema: str = Field(
        default="meterstream",
        pattern=r"^[a-z_][a-z0-9_]{0,40}$",
        description="postgresql, sqlserver: the schema of the receiver's tables",
    )
    path: Path | None = Field(default=None, description="sqlite: the database file; files: the folder of the drops")
    history_from: date | None = Field(
        default=None, description="only periods that begin on this day (in the receiver's zone) or later; default: all"
    )
    timeout: float = Field(
        default=30.0, gt=0, le=45, description="seconds that one database statement may take; /healthz waits for 60"
    )
    into: dict[str, TableName] = Field(
        default={},
        description="by the view of a layout: the customer's own table that its rows stand in besides, as schema.table",
    )
    batch: BatchSettings = BatchSettings()
    files: FilesSettings = FilesSettings()

    @model_validator(mode="after")
    def _has_its_address(self) -> Self:
        if self.database not in IN_A_FILE and self.dsn is None:
            raise ValueError(f'a {self.database} receiver needs dsn = {{ env = "NAME" }}')
        if self.database in IN_A_FILE and self.path is None:
            what = "the database file" if self.database == "sqlite" else "the folder of the drops"
            raise ValueError(f"a {self.database} receiver needs path, {what}")
        if self.database == "files" and self.into:
            raise ValueError("into: a receiver of files has no tables; take it out")
        return self


class PolicySettings(Group):
    """What a receiver is shown in its layouts; what is not set here is as the layout says."""

    estimated: Literal["deliver", "wait"] | None = Field(
        default=None, description="estimated and temporary values: delivered, or waited for until they are measured"
    )
    missing: Literal["null", "skip"] | None = Field(
        default=None, description="a value that the utility says is missing: a row with NULL, or no row"
    )
    held: Literal["null", "skip"] | None = Field(
        default=None, description="a consumption that is held back: a row with NULL, or no row"
    )
    gap: Literal["deliver", "null", "skip"] | None = Field(
        default=None, description="a register's consumption that spans more than its period"
    )


class ReceiverSettings(StageSettings):
    """One receiver; its name is its key in the file. Its own fields are those of its stage ``production``."""

    points: Path = Field(description="CSV or TOML: which metering points it is given, and under which keys")
    layouts: tuple[str, ...] = Field(
        default=(), description="the views it finds besides meter_values: names of shipped layouts, or paths of files"
    )
    zone: str = Field(
        default="+01:00", description="in which dates are meant: an offset, or a zone such as Europe/Stockholm"
    )
    policy: PolicySettings = PolicySettings()
    test: StageSettings | None = Field(
        default=None, description="a stage beside production; with it, production waits for `receivers go-live`"
    )

    momentum_api: MomentumApiSettings | None = Field(
        default=None, description="Momentum's external API, for `receivers read-back`"
    )

    def stage(self, stage: Stage) -> StageSettings | None:
        """Where a stage stands; None: the receiver has no such stage."""
        return self if stage == "production" else self.test


def label(receiver: str, stage: Stage) -> str:
    """What a receiver's stage is called in groups, tables and messages: ``vitec``, ``vitec.test``."""
    return receiver if stage == "production" else f"{receiver}.{stage}"
