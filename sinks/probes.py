"""The probe of each kind of database."""

from runtime.errors import ConfigError
from sinks.files.probe import FilesProbe
from sinks.mariadb.probe import MariaDBProbe
from sinks.postgresql.probe import PostgreSQLProbe
from sinks.probe import Address, Probe
from sinks.sqlite.probe import SQLiteProbe
from sinks.sqlserver.probe import SQLServerProbe


def probe_of(address: Address, epoch: str) -> Probe:
    """What asks the database of a receiver's stage; it connects to nothing yet.

    Raises:
        ConfigError: there is none for this kind.
    """
    match address.stage.database:
        case "postgresql":
            return PostgreSQLProbe(address, epoch)
        case "mariadb":
            return MariaDBProbe(address, epoch)
        case "sqlite":
            return SQLiteProbe(address)
        case "sqlserver":
            return SQLServerProbe(address, epoch)
        case "files":
            return FilesProbe(address)
    raise ConfigError([f"receivers.{address.label}.database: {address.stage.database} cannot be checked yet"])
