"""How to connect to Kafka, in the words of each client: addresses, encryption, login. In one place, here."""

import os
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

from runtime import aiokafka_connection
from runtime.oauth import AiokafkaTokens, KafkaPythonTokens, Tokens
from runtime.settings.secret import Secret
from runtime.settings.security import OAuthSettings
from runtime.settings.system import KafkaSettings
from runtime.tls import tls_context

ENVIRONMENT: Mapping[str, str] = os.environ
"""Where secrets stand that are not in files."""


def aiokafka_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client takes.

    Raises:
        ConfigError: a certificate, a key or a secret is not (or no longer) as it must be.
    """
    aiokafka_connection.adopt()
    return _options(settings) | _login(settings, AiokafkaTokens)


def kafka_python_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments that every kafka-python client takes.

    Raises:
        ConfigError: a certificate, a key or a secret is not (or no longer) as it must be.
    """
    login = _login(settings, KafkaPythonTokens)
    if str(login.get("sasl_mechanism")).startswith("SCRAM"):
        # RFC 5802; kafka-python leaves it to its caller
        login["sasl_plain_username"] = login["sasl_plain_username"].replace("=", "=3D").replace(",", "=2C")
    return _options(settings) | login


def faust_options(settings: KafkaSettings) -> dict[str, Any]:
    """Keyword arguments of faust.App that concern the broker."""
    aiokafka_connection.adopt()
    return {
        "broker": [f"kafka://{server}" for server in servers(settings)],
        "broker_request_timeout": max(settings.request_timeout, settings.session_timeout + 10.0),
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": min(1.0, settings.session_timeout / 5),
        "broker_credentials": _faust_credentials(settings),
    }


def servers(settings: KafkaSettings) -> list[str]:
    """host:port of each server to begin with."""
    return [server.strip() for server in settings.bootstrap_servers.split(",")]


def encryption(settings: KafkaSettings) -> ssl.SSLContext | None:
    """The TLS context; None: connections are not encrypted.

    Raises:
        ConfigError: a certificate or a key is not as it must be.
    """
    return tls_context("kafka.tls", settings.tls, ENVIRONMENT) if settings.encrypted else None


def _options(settings: KafkaSettings) -> dict[str, Any]:
    return {
        "bootstrap_servers": servers(settings),
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": int(settings.request_timeout * 1000),
        "ssl_context": encryption(settings),
    }


def _login(settings: KafkaSettings, provider: type[AiokafkaTokens] | type[KafkaPythonTokens]) -> dict[str, Any]:
    """The SASL options, whose names both clients share; the token providers are of a class of each."""
    if not settings.authenticated:
        return {}
    sasl = settings.sasl
    login: dict[str, Any] = {"sasl_mechanism": sasl.mechanism}
    if sasl.oauth is not None:
        return login | {"sasl_oauth_token_provider": provider(tokens(sasl.oauth))}
    return login | {"sasl_plain_username": sasl.username, "sasl_plain_password": _revealed(sasl.password)}


def _revealed(password: Secret | None) -> str | None:
    return None if password is None else password.reveal(ENVIRONMENT)


def _faust_credentials(settings: KafkaSettings) -> Any:
    from faust import auth  # only streams uses Faust; it is slow to import

    if not settings.authenticated:
        return auth.SSLCredentials(encryption(settings)) if settings.encrypted else None
    login = _login(settings, AiokafkaTokens)
    if "sasl_oauth_token_provider" in login:
        return auth.OAuthCredentials(oauth_cb=login["sasl_oauth_token_provider"], ssl_context=encryption(settings))
    return auth.SASLCredentials(
        username=login["sasl_plain_username"],
        password=login["sasl_plain_password"],
        mechanism=login["sasl_mechanism"],
        ssl_context=encryption(settings),
    )


@cache
def tokens(settings: OAuthSettings) -> Tokens:
    """Those of this process: all of its clients share a token."""
    return Tokens(settings, ENVIRONMENT)
