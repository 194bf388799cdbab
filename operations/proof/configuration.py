"""What a stage was configured to deliver, and where: written into a report, and hashed so that a change is seen."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psycopg
from psycopg import conninfo

from operations.receivers.stages import Chosen
from runtime.errors import ConfigError
from runtime.settings.receiver import StageSettings
from runtime.settings.secret import MissingSecret
from sinks.build import layouts_of

_canonical = partial(msgspec.json.encode, order="sorted")


@dataclass(frozen=True)
class Configuration:
    """Of one receiver's stage; nothing in it is a secret.

    ``points``: the fingerprint of the points; ``layouts``: by name the fingerprint of what each shows. ``address``:
    where the stage stands, and the customer's own tables that layouts go into; without users and passwords, which may
    be changed without leave.
    """

    points: str
    layouts: dict[str, str]
    policy: dict[str, Any]
    zone: str
    history_from: str | None
    address: dict[str, str]

    @property
    def parts(self) -> dict[str, str]:
        """What decides what a receiver is shown, each as a text that is equal exactly for equal settings."""
        return {
            "points": self.points,
            "layouts": _canonical(self.layouts).decode(),
            "policy": _canonical(self.policy).decode(),
            "zone": self.zone,
        }

    @property
    def fingerprint(self) -> str:
        """Equal exactly for equal configurations."""
        return sha256(_canonical(asdict(self))).hexdigest()


def configuration(chosen: Chosen, environment: Mapping[str, str] = os.environ) -> Configuration:
    """That of a stage.

    Raises:
        ConfigError: the points file, a layout or the DSN cannot be read.
    """
    receiver, stage = chosen.receiver, chosen.address
    layouts = layouts_of(chosen.name, receiver, stage)
    return Configuration(
        points=chosen.points().read().fingerprint,
        layouts={layout.name: layout.fingerprint for layout in layouts},
        policy=receiver.policy.model_dump(exclude_none=True),
        zone=receiver.zone,
        history_from=stage.history_from.isoformat() if stage.history_from else None,
        address=_address(stage, environment)
        | {f"into {one.view}": f"{one.into} by {', '.join(one.file.match)}" for one in layouts if one.into},
    )


def _address(stage: StageSettings, environment: Mapping[str, str]) -> dict[str, str]:
    address: dict[str, str] = {"database": stage.database}
    if stage.path is not None:
        return address | {"path": str(stage.path)}
    try:
        dsn = stage.dsn.readable(environment)[0][1] if stage.dsn is not None else ""
    except MissingSecret as error:
        raise ConfigError([f"dsn: {error}"]) from None
    return address | {"schema": stage.database_schema} | _place(stage, dsn)


def _place(stage: StageSettings, dsn: str) -> dict[str, str]:
    """Host, port and database of a DSN: never anything else of it."""
    if stage.database == "postgresql":
        try:
            parameters = conninfo.conninfo_to_dict(dsn)
        except psycopg.Error:  # the connection itself will say so
            return {}
        return {name: str(parameters[name]) for name in ("host", "hostaddr", "port", "dbname") if name in parameters}
    try:
        url = urlsplit(dsn)
        found = {"host": url.hostname or "", "port": str(url.port or ""), "dbname": url.path.lstrip("/")}
    except ValueError:
        return {}
    return {name: value for name, value in found.items() if value}
