"""An administrator's connection to Kafka whose failures are of our own error tree."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import AuthorizationError, BrokerNotAvailableError, KafkaError, RetriableError

from runtime.errors import ConfigError, Transient
from runtime.kafka import kafka_python_options
from runtime.kafka_reach import reach
from runtime.kafka_refusals import GRANT
from runtime.settings.system import KafkaSettings


class _Admin(KafkaAdminClient):  # type: ignore[misc]  # kafka-python has no types
    """Ends its own thread also where the first connection fails; kafka-python leaves it running."""

    _closed = False  # so that close() works before the first connection stands

    def __init__(self, **configs: Any) -> None:
        try:
            super().__init__(**configs)
        except KafkaError:
            self.close()
            raise


@contextmanager
def admin(settings: KafkaSettings) -> Iterator[Any]:
    """A connected kafka-python ``KafkaAdminClient``, closed at the end.

    Raises:
        Transient: the cluster cannot be reached or does not let us in (the message says why), or says itself that
            trying later may help.
        ConfigError: this user lacks a right.
    """
    reach(settings)
    options = kafka_python_options(settings)
    try:
        client = _Admin(**options, bootstrap_timeout_ms=options["request_timeout_ms"])
        try:
            yield client
        finally:
            client.close()
    except (RetriableError, BrokerNotAvailableError) as error:
        raise Transient(f"Kafka at {settings.bootstrap_servers} does not answer ({type(error).__name__})") from error
    except AuthorizationError as error:
        raise ConfigError([f"Kafka at {settings.bootstrap_servers}: {type(error).__name__}; {GRANT}"]) from error


def configure_topic(client: Any, topic: str, configs: Mapping[str, str | None]) -> None:
    """Sets configurations of a topic; those with None go back to what they are by themselves.

    kafka-python's ``alter_configs`` returns a refusal as a text among its results; here it is an error.

    Raises:
        Transient: the cluster refused; a new controller that is not in office yet does.
    """
    changes: dict[str, Any] = {
        name: ("DELETE", None) if value is None else ("SET", value) for name, value in configs.items()
    }
    results = client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, changes)])
    if (result := results["topic"][topic]) != "OK":
        raise Transient(f"Kafka does not change the configuration of {topic}: {result}")
