"""A broker that does not let us in, or that we must not trust: one line that says what, where and what to do."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local.ports import free_port
from runtime.errors import Transient
from runtime.kafka_admin import admin
from runtime.kafka_reach import reach
from runtime.settings.load import load
from runtime.settings.system import KafkaSettings
from runtime.topic_admin import create
from tests.certificates import Authority
from tests.guarded_kafka import CLIENT_SECRET, PASSWORD, GuardedKafka
from tests.guarded_road import GuardedRoad
from tests.producer_system import eventually

pytestmark = pytest.mark.services

PATIENCE = 240.0
"""Seconds; machines may be busy."""

Case = Callable[[GuardedKafka, Path], dict[str, Any]]


def met(kafka: dict[str, Any]) -> Transient:
    """What an attempt to reach Kafka meets."""
    with pytest.raises(Transient) as caught:
        reach(KafkaSettings.model_validate(kafka))
    assert "\n" not in str(caught.value)
    return caught.value


def foreign(folder: Path) -> Authority:
    return Authority(folder, "foreign")


LET_IN: dict[str, Case] = {
    "encrypted": lambda guarded, _: guarded.settings("ENCRYPTED"),
    "mutual": lambda guarded, _: guarded.mutual(guarded.authority.issue("client")),
    "name not checked": lambda guarded, _: guarded.settings("RENAMED", tls={"check_hostname": False}),
    "SHA-256": lambda guarded, _: guarded.scram("alice", mechanism="SCRAM-SHA-256"),
    "SHA-512": lambda guarded, _: guarded.scram("alice"),
    "PLAIN": lambda guarded, _: guarded.scram("simple", mechanism="PLAIN"),
    "a name that SCRAM must write otherwise": lambda guarded, _: guarded.scram("a,l=ice"),
    "token": lambda guarded, _: guarded.oauth("bob"),
    "the second of two servers": lambda guarded, _: {
        "bootstrap_servers": f"127.0.0.1:{free_port()}, {guarded.broker.bootstrap_servers}"
    },
}

FOR_A_PERSON: dict[str, tuple[Case, str]] = {
    "wrong authority": (
        lambda guarded, folder: guarded.settings("ENCRYPTED", tls={"ca_file": str(foreign(folder).file)}),
        "shows a certificate that is not trusted (unable to get local issuer certificate): set kafka.tls.ca_file",
    ),
    "expired": (
        lambda guarded, _: guarded.settings("EXPIRED"),
        "not trusted (certificate has expired): renew the broker's certificate",
    ),
    "wrong name": (
        lambda guarded, _: guarded.settings("RENAMED"),
        "IP address mismatch, certificate is not valid for '127.0.0.1'.): ask for a name that it holds",
    ),
    "wrong password": (
        lambda guarded, _: guarded.scram("alice", "wrong-password"),
        "refuses user alice (SCRAM-SHA-512): check kafka.sasl.username and password",
    ),
    "wrong password, PLAIN": (
        lambda guarded, _: guarded.scram("simple", "wrong-password", mechanism="PLAIN"),
        "refuses user simple (PLAIN)",
    ),
    "unknown user": (lambda guarded, _: guarded.scram("nobody"), "refuses user nobody (SCRAM-SHA-512)"),
    "mechanism not offered": (
        lambda guarded, _: guarded.scram("alice") | {"bootstrap_servers": guarded.doors["TOKENS"].address},
        "offers SASL OAUTHBEARER, not SCRAM-SHA-512: set kafka.sasl.mechanism",
    ),
    "no SASL there": (
        lambda guarded, _: guarded.scram("alice") | {"bootstrap_servers": guarded.doors["ENCRYPTED"].address},
        "wants no SASL (error 34): set kafka.security_protocol",
    ),
    "not encrypted": (
        lambda guarded, _: {
            "bootstrap_servers": guarded.doors["ENCRYPTED"].address,
            "unauthorised_retry": 0.5,
        },
        "speaks TLS: set kafka.security_protocol to SSL or SASL_SSL",
    ),
    "client without secret": (
        lambda guarded, _: guarded.oauth("bob", "wrong-secret"),
        "no token for Kafka: the token endpoint refuses client bob (HTTP 401)",
    ),
}

MAY_PASS: dict[str, tuple[Case, str]] = {
    "nobody there": (lambda _, __: {"bootstrap_servers": f"127.0.0.1:{free_port()}"}, "does not answer (Conn"),
    "no TLS there": (
        lambda guarded, _: guarded.settings("ENCRYPTED", bootstrap_servers=guarded.broker.bootstrap_servers),
        "does not answer (",
    ),
    "SASL is wanted": (
        lambda guarded, _: guarded.settings("ENCRYPTED", bootstrap_servers=guarded.doors["PASSWORDS"].address),
        "does not answer (",
    ),
}


@pytest.fixture(scope="module")
def known(guarded: GuardedKafka) -> GuardedKafka:
    """The broker, which knows alice and bob."""
    guarded.add_user("alice")
    guarded.add_user("a,l=ice")
    guarded.tokens.clients["bob"] = CLIENT_SECRET
    return guarded


@pytest.mark.parametrize("name", LET_IN)
def test_who_may_come_in_is_let_in(known: GuardedKafka, tmp_path: Path, name: str) -> None:
    """By the short look at first, and by a client."""
    kafka = KafkaSettings.model_validate(LET_IN[name](known, tmp_path))
    reach(kafka)
    with admin(kafka) as client:
        assert client.describe_topics([]) == []


@pytest.mark.parametrize("name", FOR_A_PERSON)
def test_what_a_person_must_mend_is_said_and_asked_for_slowly(known: GuardedKafka, tmp_path: Path, name: str) -> None:
    case, says = FOR_A_PERSON[name]
    error = met(case(known, tmp_path))
    assert says in str(error)
    assert error.retry_after == 0.5
    assert not any(secret in str(error) for secret in ("wrong-", PASSWORD, CLIENT_SECRET))


@pytest.mark.parametrize("name", MAY_PASS)
def test_what_may_pass_by_itself_is_asked_for_soon(known: GuardedKafka, tmp_path: Path, name: str) -> None:
    case, says = MAY_PASS[name]
    error = met(case(known, tmp_path))
    assert says in str(error)
    assert error.retry_after is None


@pytest.mark.parametrize("shown", ["none", "foreign"])
def test_a_broker_that_wants_another_certificate_of_ours(known: GuardedKafka, tmp_path: Path, shown: str) -> None:
    """It may end the connection before its reason has arrived; then that comes with a later try."""
    kafka = known.settings("MUTUAL") if shown == "none" else known.mutual(foreign(tmp_path).issue("stranger"))
    eventually(lambda: "refuses us in TLS (" in str(met(kafka)))


def test_a_token_of_another_issuer_is_refused(known: GuardedKafka) -> None:
    """The endpoint gives one, and the broker finds that it is not meant for it."""
    known.tokens.clients["carol"] = CLIENT_SECRET
    known.tokens.audiences["carol"] = "another"
    assert "refuses our token (OAUTHBEARER): check kafka.sasl.oauth" in str(met(known.oauth("carol")))


def test_a_client_that_is_refused_leaves_no_thread(known: GuardedKafka) -> None:
    before = set(threading.enumerate())
    with (
        pytest.raises(Transient, match="refuses user nobody"),
        admin(KafkaSettings.model_validate(known.scram("nobody"))),
    ):
        pass
    assert set(threading.enumerate()) <= before


def waits(road: GuardedRoad, role: str, says: str) -> bool:
    return says in road.ask(role, "/readyz")[1]


def is_ready(road: GuardedRoad, role: str) -> bool:
    return road.ask(role, "/readyz")[0] == 200


STAGES = {
    "producer": ("producer",),
    "streams": ("streams",),
    "sink-vitec": ("sinks", "--receiver", "vitec"),
}


def test_each_stage_waits_says_why_and_goes_on_when_it_is_mended(
    known: GuardedKafka, unique: str, tmp_path: Path
) -> None:
    """Its user is not known yet; then it is, with all rights."""
    road = GuardedRoad(
        tmp_path, unique, f"http://127.0.0.1:{free_port()}", lambda role: known.scram(f"{unique}-{role}")
    )
    road.grant(known, lambda role: f"User:{unique}-{role}")
    create(load(road.config, {"METERSTREAM__KAFKA__BOOTSTRAP_SERVERS": known.broker.bootstrap_servers}))
    processes = {role: road.start(role, *arguments) for role, arguments in STAGES.items()}
    try:
        for role in STAGES:
            says = f"refuses user {unique}-{role} (SCRAM-SHA-512): check kafka.sasl.username and password"
            eventually(partial(waits, road, role, says), PATIENCE)
            assert says in road.log_file(role).read_text("utf-8")
            known.add_user(f"{unique}-{role}")
        for role, process in processes.items():
            eventually(partial(is_ready, road, role), PATIENCE)
            assert process.poll() is None
        assert PASSWORD not in road.said()
    finally:
        road.close()


def test_an_own_certificate_that_has_expired_is_an_error_of_the_settings(
    known: GuardedKafka, unique: str, tmp_path: Path
) -> None:
    pair = known.authority.issue(f"{unique}-old", days=-1)
    road = GuardedRoad(tmp_path, unique, "http://127.0.0.1:9", lambda _: known.mutual(pair))
    try:
        assert road.start("streams", "streams").wait(120) == 2
        assert f"kafka.tls.certificate_file: {pair.certificate} expired on " in road.said()
    finally:
        road.close()
