"""What every test may ask for."""

from tests.guarded_kafka import guarded
from tests.services import kafka, mariadb, postgres, sqlserver_stand_in, unique

__all__ = ["guarded", "kafka", "mariadb", "postgres", "sqlserver_stand_in", "unique"]
