"""The command line of the worker, without a cluster."""

import pytest
from click.testing import CliRunner

from runtime.errors import ExitCode
from streams.__main__ import streams


def test_sound_settings_are_said_to_be_so() -> None:
    result = CliRunner().invoke(streams, ["--check-config"])
    assert (result.exit_code, result.output) == (ExitCode.DONE, "the configuration is valid\n")


def test_a_stall_limit_that_kafka_may_outlast_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait for Kafka would end the process."""
    monkeypatch.setenv("METERSTREAM__STREAMS__STALL_LIMIT", "40")
    result = CliRunner().invoke(streams, ["--check-config"])
    assert result.exit_code == ExitCode.CONFIG
    assert "streams.stall_limit: must be more than twice kafka.request_timeout (20 s)" in result.output
