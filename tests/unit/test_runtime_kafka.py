"""One set of settings, in the words of each client; names and shapes of the topics."""

from pathlib import Path

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from pydantic import ValidationError

from runtime.errors import ConfigError
from runtime.kafka import aiokafka_options, faust_options, kafka_python_options
from runtime.settings.load import load
from runtime.settings.system import KafkaSettings
from runtime.settings.tree import Settings
from runtime.topics import TopicNames, specs

KAFKA = KafkaSettings(bootstrap_servers="a:9092, b:9093", request_timeout=5.0, session_timeout=10.0)


@pytest.mark.parametrize("options", [aiokafka_options(KAFKA), kafka_python_options(KAFKA)])
def test_every_server_is_given_to_the_client(options: dict[str, object]) -> None:
    assert options["bootstrap_servers"] == ["a:9092", "b:9093"]
    assert options["request_timeout_ms"] == 5_000


def test_fausts_request_time_out_exceeds_its_session() -> None:
    """Else its worker dies at the start."""
    options = faust_options(KAFKA)
    assert options["broker"] == ["kafka://a:9092", "kafka://b:9093"]
    assert options["broker_request_timeout"] > options["broker_session_timeout"] == 10.0


CONTRADICTIONS: list[tuple[dict[str, object], list[str]]] = [
    ({"tls": {"ca_file": "ca.pem"}}, ["tls is set, but security_protocol PLAINTEXT is not encrypted"]),
    ({"sasl": {"mechanism": "PLAIN"}}, ["sasl is set, but security_protocol PLAINTEXT does not use it"]),
    (
        {"security_protocol": "SSL", "tls": {"key_password": "p4ss"}, "sasl": {"username": "u"}},
        ["tls.key_password is for tls.key_file", "sasl is set, but security_protocol SSL"],
    ),
    (
        {"security_protocol": "SASL_SSL", "tls": {"key_file": "x"}},
        ["tls.certificate_file and tls.key_file go together", "sasl.mechanism is missing: PLAIN,"],
    ),
    (
        {"security_protocol": "SASL_SSL", "sasl": {"mechanism": "SCRAM-SHA-512"}},
        ["sasl.mechanism SCRAM-SHA-512 needs sasl.username", "sasl.mechanism SCRAM-SHA-512 needs sasl.password"],
    ),
    (
        {"security_protocol": "SASL_SSL", "sasl": {"mechanism": "OAUTHBEARER", "username": "u", "password": "p4ss"}},
        ["OAUTHBEARER needs [kafka.sasl.oauth]", "no use for sasl.username", "no use for sasl.password"],
    ),
    (
        {
            "security_protocol": "SASL_SSL",
            "sasl": {
                "mechanism": "PLAIN",
                "username": "u",
                "password": "p4ss",
                "oauth": {"token_url": "http://login.example/token", "client_id": "u", "client_secret": "p4ss"},
            },
        },
        ["sasl.oauth.token_url would send the client's secret in the clear", "PLAIN has no use for sasl.oauth"],
    ),
]


@pytest.mark.parametrize(("written", "says"), CONTRADICTIONS)
def test_contradictions_are_named_together_and_without_secrets(written: dict[str, object], says: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        KafkaSettings.model_validate(written)
    (error,) = caught.value.errors()
    assert all(each in error["msg"] for each in says), error["msg"]
    assert "p4ss" not in str(caught.value)


LOGIN = {"mechanism": "SCRAM-SHA-256", "username": "a=b,c", "password": "p4ss"}


def test_each_client_logs_in_with_the_same_user() -> None:
    """Faust's words lead to aiokafka's; kafka-python leaves the writing of SCRAM names to its caller."""
    settings = KafkaSettings.model_validate({"security_protocol": "SASL_PLAINTEXT", "sasl": LOGIN})
    ours, theirs = (
        aiokafka_options(settings),
        credentials_to_aiokafka_auth(faust_options(settings)["broker_credentials"]),
    )
    assert {name: value for name, value in ours.items() if name in theirs} == theirs
    assert (ours["sasl_mechanism"], ours["sasl_plain_username"]) == ("SCRAM-SHA-256", "a=b,c")
    assert kafka_python_options(settings)["sasl_plain_username"] == "a=3Db=2Cc"
    assert kafka_python_options(settings)["sasl_plain_password"] == ours["sasl_plain_password"] == "p4ss"


def test_all_clients_of_a_process_share_their_tokens() -> None:
    oauth = {"token_url": "https://login.example/token", "client_id": "u", "client_secret": "p4ss"}
    sasl = {"mechanism": "OAUTHBEARER", "oauth": oauth}
    settings = KafkaSettings.model_validate({"security_protocol": "SASL_SSL", "sasl": sasl})
    providers = [
        aiokafka_options(settings)["sasl_oauth_token_provider"],
        kafka_python_options(settings)["sasl_oauth_token_provider"],
        faust_options(settings)["broker_credentials"].oauth_cb,
    ]
    assert len({id(provider._tokens) for provider in providers}) == 1
    assert faust_options(settings)["broker_credentials"].ssl_context is not None


def test_files_and_secrets_that_are_not_there_are_named_before_anything_starts(tmp_path: Path) -> None:
    config = tmp_path / "meterstream.toml"
    config.write_text(
        """
[kafka]
security_protocol = "SASL_SSL"
tls = { ca_file = "ca.pem", certificate_file = "own.pem", key_file = "own.key" }
sasl = { mechanism = "PLAIN", username = "u", password = { env = "MISSING" } }
""",
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load(config, {})
    assert caught.value.problems == (
        "kafka.sasl.password: environment variable MISSING is not set",
        f"kafka.tls.ca_file: {tmp_path / 'ca.pem'} cannot be read: No such file or directory",
        f"kafka.tls.certificate_file: {tmp_path / 'own.pem'} cannot be read: No such file or directory",
    )


def test_names_carry_prefix_and_epoch_but_dead_letters_outlive_epochs() -> None:
    names = TopicNames.of(Settings.model_validate({"epoch": "7", "topics": {"prefix": "north"}}))
    assert (names.readings, names.values, names.state, names.polls) == (
        "north.7.readings",
        "north.7.values",
        "north.7.state",
        "north.7.polls",
    )
    assert names.dead_letters == "north.dead-letters"
    assert (names.streams_group, names.sink_group("vitec")) == ("north.7.streams", "north.7.sink.vitec")


def test_topics_have_the_shape_that_the_guarantees_rest_on() -> None:
    settings = Settings()
    names = TopicNames.of(settings)
    by_name = {spec.name: spec for spec in specs(settings)}
    for name in (names.readings, names.values, names.state, names.polls):
        assert by_name[name].partitions == 8
    for name in (names.values, names.state, names.polls):
        assert by_name[name].configs["cleanup.policy"] == "compact"
    for name in (names.readings, names.dead_letters):
        assert by_name[name].configs["cleanup.policy"] == "delete"
        assert by_name[name].configs["retention.ms"] == by_name[name].configs["retention.bytes"] == "-1"
    assert by_name[names.readings].configs["message.timestamp.type"] == "LogAppendTime"
    assert by_name[names.values].configs["min.compaction.lag.ms"] == str(7 * 24 * 3600 * 1000)
    for spec in by_name.values():
        assert spec.replication_factor == 3
        assert spec.configs["min.insync.replicas"] == "2"
        assert spec.configs["unclean.leader.election.enable"] == "false"


def test_retention_is_given_in_days() -> None:
    settings = Settings.model_validate({"topics": {"readings_retention_days": 3}})
    assert specs(settings)[0].configs["retention.ms"] == "259200000"
