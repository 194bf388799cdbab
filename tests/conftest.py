"""What every test may ask for."""

from tests.services import kafka, postgres, unique

__all__ = ["kafka", "postgres", "unique"]
