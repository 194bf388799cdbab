"""Fixtures of the contract suites."""

from tests.sink_writing import there, writing

__all__ = ["there", "writing"]
