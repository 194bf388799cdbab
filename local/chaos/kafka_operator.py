"""What an operator asks a Kafka cluster and changes in it, past every proxy, for as long as it has other troubles."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kafka.errors import KafkaError

from local.process import ServiceError
from local.system import LocalSystem
from runtime.errors import MeterstreamError
from runtime.kafka_admin import admin, configure_topic

PAUSE = 0.3
WITHIN = 180.0
"""Seconds: another fault may just have the cluster down, and a busy machine takes long to start it."""

T = TypeVar("T")


def asked(system: LocalSystem, question: Callable[[Any], T | None], what: str) -> T:
    """What ``question`` gives, which is asked of a connected admin client until it gives something but None.

    Raises:
        ServiceError: it did not within 180 s.
    """
    end = time.monotonic() + WITHIN
    seen = ""
    while time.monotonic() < end:
        try:
            with admin(system.settings.kafka) as client:
                answer = question(client)
        except (KafkaError, MeterstreamError) as error:
            seen = f": {type(error).__name__}: {error}"
        else:
            if answer is not None:
                return answer
        time.sleep(PAUSE)
    raise ServiceError(f"{what}: not within {WITHIN:g} s{seen}")


def leader(system: LocalSystem, topic: str, partition: int | None = None) -> int:
    """The broker that leads a partition; without one, of partition 0, which every topic has."""

    def question(client: Any) -> int | None:
        (found,) = client.describe_topics([topic])
        (one,) = (part for part in found["partitions"] if part["partition_index"] == (partition or 0))
        return int(one["leader_id"]) if one["leader_id"] > 0 else None

    return asked(system, question, f"a leader of {topic}")


def controller(system: LocalSystem) -> int:
    """The broker that is the active controller."""

    def question(client: Any) -> int | None:
        (metadata,) = client.describe_metadata_quorum()["topics"]
        found = int(metadata["partitions"][0]["leader_id"])
        return found if found > 0 else None

    return asked(system, question, "an active controller")


def wait_in_step(system: LocalSystem) -> None:
    """Waits until every broker is in service and has every record that the others have."""
    brokers = len(system.kafka.brokers) if system.kafka else 0

    def question(client: Any) -> bool | None:
        alive = sum(not broker["is_fenced"] for broker in client.describe_cluster()["brokers"])
        parts = [part for topic in client.describe_topics() for part in topic["partitions"]]
        whole = all(len(part["isr_nodes"]) == len(part["replica_nodes"]) for part in parts)
        return True if alive == brokers and whole else None

    asked(system, question, "every copy in step")


def set_limit(system: LocalSystem, topic: str, size: int) -> None:
    """Has a topic take record batches of so many bytes at most."""

    def question(client: Any) -> bool:
        configure_topic(client, topic, {"max.message.bytes": str(size)})
        return True

    asked(system, question, f"a limit for {topic}")


def grant(system: LocalSystem, entries: Sequence[Any]) -> None:
    """Adds entries to the cluster's access list."""

    def question(client: Any) -> bool | None:
        return None if client.create_acls(entries)["failed"] else True

    asked(system, question, "an entry of the access list")


def revoke(system: LocalSystem, entry: Any) -> None:
    """Takes an entry off the access list; that it is gone already is as well."""

    def question(client: Any) -> bool | None:
        ((_, _, error),) = client.delete_acls([entry])
        return None if error.errno else True

    asked(system, question, "the end of an entry of the access list")
