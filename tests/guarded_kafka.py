"""A real broker that asks who comes: TLS, mutual TLS, SASL with passwords and with tokens, and the authoriser on.

Who comes through its plain door, or without a certificate, is ANONYMOUS, its super user: that is how tests prepare it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import UserScramCredentialDeletion, UserScramCredentialUpsertion

from local.kafka import KafkaBroker
from local.kafka_settings import Listener, Node
from tests.certificates import Authority, Pair
from tests.token_endpoint import AUDIENCE, ISSUER, TokenEndpoint

PASSWORD = "correct-horse-7f31"
"""Of every SCRAM and PLAIN user; a text that is found in whatever shows it."""
CLIENT_SECRET = "battery-staple-9c04"
_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
_MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class GuardedKafka:
    """The broker and what belongs to it."""

    broker: KafkaBroker
    folder: Path
    authority: Authority
    tokens: TokenEndpoint
    doors: dict[str, Listener]

    def settings(self, door: str, **more: Any) -> dict[str, Any]:
        """The [kafka] settings that lead through a door, but for who we are."""
        tls = {"ca_file": str(self.authority.file)} | more.pop("tls", {})
        listener = self.doors[door]
        basic = {"bootstrap_servers": listener.address, "security_protocol": listener.protocol, "tls": tls}
        return basic | {"unauthorised_retry": 0.5, "request_timeout": 10.0} | more

    def scram(self, user: str, password: str = PASSWORD, mechanism: str = "SCRAM-SHA-512") -> dict[str, Any]:
        """The settings of a user with a password."""
        sasl = {"mechanism": mechanism, "username": user, "password": password}
        return self.settings("PASSWORDS", sasl=sasl)

    def oauth(self, client: str, secret: str = CLIENT_SECRET) -> dict[str, Any]:
        """The settings of a client with tokens."""
        oauth = {"token_url": f"{self.tokens.url}/token", "client_id": client, "client_secret": secret}
        return self.settings("TOKENS", sasl={"mechanism": "OAUTHBEARER", "oauth": oauth})

    def mutual(self, pair: Pair) -> dict[str, Any]:
        """The settings of whoever shows a certificate."""
        return self.settings("MUTUAL", tls={"certificate_file": str(pair.certificate), "key_file": str(pair.key)})

    @contextmanager
    def admin(self) -> Iterator[Any]:
        """The super user."""
        client = KafkaAdminClient(bootstrap_servers=[self.broker.bootstrap_servers])
        try:
            yield client
        finally:
            client.close()

    def add_user(self, name: str, password: str = PASSWORD) -> None:
        """For SCRAM-SHA-256 and SCRAM-SHA-512; or gives it another password."""
        for mechanism in _SCRAM:
            self._alter(UserScramCredentialUpsertion(name, mechanism, password, iterations=4096))

    def remove_user(self, name: str) -> None:
        """Its connections stay."""
        for mechanism in _SCRAM:
            self._alter(UserScramCredentialDeletion(name, mechanism))

    def allow(self, acls: list[Any]) -> None:
        """Adds rights."""
        with self.admin() as client:
            assert client.create_acls(acls)["failed"] == []

    def _alter(self, change: Any) -> None:
        """One at a time: the broker refuses two of one user."""
        with self.admin() as client:
            said = client.alter_user_scram_credentials([change])
        assert not any(said.values()), said


@contextmanager
def guarded_kafka(folder: Path) -> Iterator[GuardedKafka]:
    """The broker, running."""
    authority = Authority(folder, "authority")
    with ExitStack() as stack:
        tokens = stack.enter_context(TokenEndpoint({}))
        doors = {door.name: door for door in _doors(authority, tokens)}
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={tokens.url}/jwks"
        broker = KafkaBroker(
            folder / "broker",
            properties={
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",
                "connection.failed.authentication.delay.ms": "0",
            },
            node=Node(java_options=(allowed,)),
            listeners=list(doors.values()),
        )
        stack.enter_context(broker)
        yield GuardedKafka(broker, folder, authority, tokens, doors)


def _doors(authority: Authority, tokens: TokenEndpoint) -> Iterator[Listener]:
    ours = _shown(authority, authority.issue("broker"))
    yield Listener("ENCRYPTED", protocol="SSL", properties=ours)
    yield Listener("MUTUAL", protocol="SSL", properties=ours | {"ssl.client.auth": "required"})
    yield Listener("RENAMED", protocol="SSL", properties=_shown(authority, authority.issue("r", hosts=("b.example",))))
    yield Listener("EXPIRED", protocol="SSL", properties=_shown(authority, authority.issue("e", days=-2)))
    scram = f"{_MODULES}.scram.ScramLoginModule required;"
    yield Listener(
        "PASSWORDS",
        protocol="SASL_SSL",
        properties=ours
        | {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "plain.sasl.jaas.config": f'{_MODULES}.plain.PlainLoginModule required user_simple="{PASSWORD}";',
            "scram-sha-256.sasl.jaas.config": scram,
            "scram-sha-512.sasl.jaas.config": scram,
        },
    )
    handler = f"{_MODULES}.oauthbearer.OAuthBearerValidatorCallbackHandler"
    yield Listener(
        "TOKENS",
        protocol="SASL_SSL",
        properties=ours
        | {
            "sasl.enabled.mechanisms": "OAUTHBEARER",
            "oauthbearer.sasl.jaas.config": f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required;",
            "oauthbearer.sasl.server.callback.handler.class": handler,
            "oauthbearer.connections.max.reauth.ms": "4000",
            "sasl.oauthbearer.jwks.endpoint.url": f"{tokens.url}/jwks",
            "sasl.oauthbearer.expected.audience": AUDIENCE,
            "sasl.oauthbearer.expected.issuer": ISSUER,
        },
    )


def _shown(authority: Authority, pair: Pair) -> dict[str, str]:
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(pair.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
    }


@pytest.fixture(scope="session")
def guarded() -> Iterator[GuardedKafka]:
    """A running broker that asks who comes."""
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-guarded-")
    with temporary as folder, guarded_kafka(Path(folder)) as running:
        yield running
