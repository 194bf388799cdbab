"""Fixtures of the integration tests."""

from tests.staged_receiver import staged

__all__ = ["staged"]
