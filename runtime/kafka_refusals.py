"""What a cluster refuses until a person has mended it – rights, sizes – in plain words, whichever client was told."""

import aiokafka.errors
import kafka.errors

from runtime.errors import ConfigError

GRANT = "grant this user the right: `meterstream topics acls` prints what each process needs"
_SIZE = "max.message.bytes is lower than this product needs: `meterstream topics verify` says what to do"
_REFUSALS = {
    10: f"refuses a batch of records as too large; {_SIZE}",
    18: f"refuses a batch of records as too large; {_SIZE}",
    29: f"denies the use of a topic; {GRANT}",
    30: f"denies the use of a consumer group; {GRANT}",
    31: f"denies an operation of the cluster; {GRANT}",
    53: f"denies the use of a transactional id; {GRANT}",
}
"""By the protocol's error codes, which both clients carry."""


def refusal(error: BaseException, where: str) -> ConfigError | None:
    """What an error of either client says, if it is one that a person has to mend; else None.

    Args:
        error: any.
        where: what was asked for, such as a topic's name, or several.
    """
    if not isinstance(error, aiokafka.errors.KafkaError | kafka.errors.KafkaError):
        return None
    said = _REFUSALS.get(getattr(error, "errno", 0))
    return None if said is None else ConfigError([f"{where}: Kafka {said}"])
