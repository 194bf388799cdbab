"""How to connect to Kafka, in the words of each client. TLS and SASL, when they come, take their place here alone."""

from typing import Any

from runtime.settings.system import KafkaSettings


def aiokafka_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client takes."""
    return {
        "bootstrap_servers": _servers(settings),
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": int(settings.request_timeout * 1000),
    }


def kafka_python_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments that every kafka-python client takes."""
    return {
        "bootstrap_servers": _servers(settings),
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": int(settings.request_timeout * 1000),
    }


def faust_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments of faust.App that concern the broker."""
    return {
        "broker": [f"kafka://{server}" for server in _servers(settings)],
        "broker_request_timeout": max(settings.request_timeout, settings.session_timeout + 10.0),
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": min(1.0, settings.session_timeout / 5),
    }


def _servers(settings: KafkaSettings) -> list[str]:
    return [server.strip() for server in settings.bootstrap_servers.split(",")]
