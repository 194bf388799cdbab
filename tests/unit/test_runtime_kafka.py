"""One set of settings, in the words of each client; names and shapes of the topics."""

import pytest

from runtime.kafka import aiokafka_options, faust_options, kafka_python_options
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
