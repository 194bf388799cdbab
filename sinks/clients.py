"""kafka-python clients that leave nothing behind where they cannot connect."""

from collections.abc import Callable
from typing import Any

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from runtime.errors import Transient


def connected(create: Callable[[Callable[..., Any]], Any]) -> Any:
    """A consumer or producer, connected.

    Args:
        create: makes it, given what to pass as its setting ``kafka_client``.

    Raises:
        Transient: the cluster cannot be reached. The thread that kafka-python would leave running is ended.
    """
    made = []

    def kafka_client(**options: Any) -> Any:
        made.append(KafkaNetClient(**options))
        return made[-1]

    try:
        return create(kafka_client)
    except KafkaError as error:
        for client in made:
            client.close()
        raise Transient(f"Kafka does not answer ({type(error).__name__})") from error
