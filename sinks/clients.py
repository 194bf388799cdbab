"""kafka-python clients that leave nothing behind where they cannot connect."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from runtime.errors import Transient
from runtime.kafka import kafka_python_options
from runtime.settings.system import KafkaSettings

OPTIONS = {
    "reconnect_backoff_max_ms": 2_000,
    "bootstrap_timeout_ms": 10_000,
    "metrics_enabled": False,
    "allow_auto_create_topics": False,
}
"""A cluster that is back is found within seconds; kafka-python's own maximum is half a minute."""


class Connected(NamedTuple):
    """A ``KafkaConsumer`` or ``KafkaProducer``, and what it knows of the cluster (``ClusterMetadata``)."""

    client: Any
    cluster: Any


def connected(client: Callable[..., Any], settings: KafkaSettings, **options: Any) -> Connected:
    """A consumer or producer, connected.

    Raises:
        Transient: the cluster cannot be reached. The thread that kafka-python would leave running is ended.
    """
    made = []

    def kafka_client(**options: Any) -> Any:
        made.append(KafkaNetClient(**options))
        return made[-1]

    try:
        made_of = client(**kafka_python_options(settings), **OPTIONS, kafka_client=kafka_client, **options)
    except KafkaError as error:
        for unfinished in made:
            unfinished.close()
        raise Transient(f"Kafka does not answer ({type(error).__name__})") from error
    return Connected(made_of, made[-1].cluster)
