"""Tokens for Kafka: one serves many, a new one comes ahead of time, an old one serves on while none is to be had."""

from collections.abc import Iterator
from pathlib import Path

import aiokafka.errors
import kafka.errors
import pytest

from runtime.errors import Transient
from runtime.oauth import AiokafkaTokens, KafkaPythonTokens, TokenRefused, Tokens
from runtime.settings.security import OAuthSettings
from tests.certificates import Authority
from tests.token_endpoint import TokenEndpoint

SECRET = "battery-staple-9c04"


class Clock:
    """Moves when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with TokenEndpoint({"us": SECRET}) as running:
        running.life = 100
        yield running


def settings(endpoint: TokenEndpoint, **changed: object) -> OAuthSettings:
    written = {"token_url": f"{endpoint.url}/token?tenant=1", "client_id": "us", "client_secret": SECRET}
    return OAuthSettings.model_validate(written | changed)


def test_one_token_serves_until_a_fifth_of_its_life_is_left(endpoint: TokenEndpoint, clock: Clock) -> None:
    tokens = Tokens(settings(endpoint, scope="kafka"), {}, clock)
    first = tokens.token()
    clock.now = 79.0
    assert tokens.token() == first
    assert endpoint.requests == [
        {"grant_type": "client_credentials", "client_id": "us", "client_secret": SECRET, "scope": "kafka"}
    ]
    clock.now = 80.0
    tokens.token()
    assert len(endpoint.requests) == 2


def test_while_none_is_to_be_had_the_old_one_serves_to_its_end(endpoint: TokenEndpoint, clock: Clock) -> None:
    tokens = Tokens(settings(endpoint), {}, clock)
    first = tokens.token()
    endpoint.broken = True
    clock.now = 99.0
    assert tokens.token() == first
    clock.now = 100.0
    with pytest.raises(Transient, match="the token endpoint answers with HTTP 503"):
        tokens.token()
    endpoint.broken = False
    clock.now = 105.0
    assert tokens.token()


def test_an_endpoint_that_gives_none_is_left_alone_for_a_while(endpoint: TokenEndpoint, clock: Clock) -> None:
    """However often clients that are shut out ask: both while the old token serves, and after its end."""
    tokens = Tokens(settings(endpoint), {}, clock)
    first = tokens.token()
    endpoint.clients["us"] = "exchanged"
    clock.now = 97.0
    assert [tokens.token() for _ in range(30)] == [first] * 30
    clock.now = 101.0
    for _ in range(30):
        with pytest.raises(TokenRefused):
            tokens.token()
    assert len(endpoint.requests) == 2
    clock.now = 102.0
    endpoint.clients["us"] = SECRET
    assert tokens.token()
    assert len(endpoint.requests) == 3


def test_what_may_pass_is_tried_again_at_once_and_a_refusal_is_not(endpoint: TokenEndpoint, clock: Clock) -> None:
    endpoint.broken = True
    with pytest.raises(Transient):
        Tokens(settings(endpoint), {}, clock).token()
    assert len(endpoint.requests) == 3
    endpoint.broken = False
    with pytest.raises(TokenRefused, match=r"refuses client us \(HTTP 401\)") as caught:
        Tokens(settings(endpoint, client_secret="wrong-secret"), {}, clock).token()
    assert len(endpoint.requests) == 4
    assert "wrong-secret" not in repr(caught.value.args)


def test_a_secret_that_was_exchanged_serves_for_the_next_token(
    endpoint: TokenEndpoint, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    tokens = Tokens(settings(endpoint, client_secret={"file": str(file)}), {}, clock)
    first = tokens.token()
    clock.now = 90.0
    file.unlink()
    assert tokens.token() == first, "while it is being exchanged"
    endpoint.clients["us"] = "exchanged"
    file.write_text("exchanged")
    clock.now = 95.0
    tokens.token()
    assert endpoint.requests[-1]["client_secret"] == "exchanged"


def test_an_endpoint_that_is_not_trusted_gets_no_secret(endpoint: TokenEndpoint, tmp_path: Path) -> None:
    url = endpoint.url.replace("http://", "https://")
    authority = Authority(tmp_path, "authority")
    with pytest.raises(Transient, match="cannot be reached"):
        Tokens(settings(endpoint, token_url=url, ca_file=str(authority.file)), {}).token()
    assert endpoint.requests == []


async def test_each_client_gets_the_same_token_in_its_own_way(endpoint: TokenEndpoint) -> None:
    tokens = Tokens(settings(endpoint), {})
    assert await AiokafkaTokens(tokens).token() == KafkaPythonTokens(tokens).token() == endpoint.tokens[0]
    assert len(endpoint.requests) == 1


async def test_to_the_clients_a_missing_token_is_a_broker_that_is_away(endpoint: TokenEndpoint) -> None:
    """Of any other error they would break, or stop trying."""
    tokens = Tokens(settings(endpoint, client_secret="wrong-secret"), {})
    with pytest.raises(aiokafka.errors.KafkaConnectionError, match="refuses client us") as by_aiokafka:
        await AiokafkaTokens(tokens).token()
    with pytest.raises(kafka.errors.KafkaConnectionError, match="refuses client us") as by_kafka_python:
        KafkaPythonTokens(tokens).token()
    assert by_aiokafka.value.retriable
    assert by_kafka_python.value.retriable
