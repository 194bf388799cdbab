"""A Kafka cluster as its clients see it: ours or somebody else's."""

import os
from dataclasses import dataclass
from typing import Protocol

BOOTSTRAP_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"


class Cluster(Protocol):
    """What a client needs of a Kafka cluster."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port`, several with commas."""


@dataclass(frozen=True)
class ExistingCluster:
    """A cluster that somebody else runs: nothing here starts or stops it."""

    bootstrap_servers: str


def existing_cluster() -> ExistingCluster | None:
    """The cluster that KAFKA_BOOTSTRAP_SERVERS names; None where it is unset or empty."""
    servers = os.environ.get(BOOTSTRAP_VARIABLE, "").strip()
    return ExistingCluster(servers) if servers else None
