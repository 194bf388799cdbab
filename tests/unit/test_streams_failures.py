"""What a worker says as it ends: Kafka's trouble is told in a line; only what nobody foresaw is a defect."""

import pytest
from aiokafka.errors import IllegalOperation, NodeNotReadyError, RequestTimedOutError

from runtime.errors import ExitCode
from streams.worker import broken_off


@pytest.mark.parametrize(
    "error", [NodeNotReadyError("node 1"), RequestTimedOutError(), IllegalOperation("in error state\nand more")]
)
def test_a_kafka_that_fails_while_a_chunk_is_written_is_told_in_a_line(error: Exception) -> None:
    said = broken_off(error)
    assert said is not None
    assert type(error).__name__ in str(said)
    assert "\n" not in str(said)
    assert said.exit_code is ExitCode.DEFECT, "a supervisor starts it again"


def test_anything_else_is_a_defect() -> None:
    assert broken_off(ValueError("boom")) is None
