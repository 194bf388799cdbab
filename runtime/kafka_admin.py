"""An administrator's connection to Kafka whose failures are of our own error tree."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
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
