"""What a cluster refuses for good is said in plain words; what passes by itself is not called refused."""

import aiokafka.errors
import kafka.errors
import pytest

from runtime.kafka_refusals import refusal


@pytest.mark.parametrize("client", [aiokafka.errors, kafka.errors])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MessageSizeTooLargeError", r"too large; max\.message\.bytes .*meterstream topics verify"),
        ("RecordListTooLargeError", r"too large; max\.message\.bytes .*meterstream topics verify"),
        ("TopicAuthorizationFailedError", r"denies the use of a topic; grant .*meterstream topics acls"),
        ("GroupAuthorizationFailedError", r"denies the use of a consumer group"),
        ("ClusterAuthorizationFailedError", r"denies an operation of the cluster"),
    ],
)
def test_a_refusal_says_what_where_and_what_to_do(client: object, name: str, said: str) -> None:
    found = refusal(getattr(client, name)(), "meterstream.1.values")
    assert found is not None
    with pytest.raises(type(found), match=rf"^meterstream\.1\.values: Kafka .*{said}"):
        raise found


def test_a_denied_transactional_id_is_a_refusal() -> None:
    assert refusal(aiokafka.errors.TransactionalIdAuthorizationFailed(), "streams") is not None


@pytest.mark.parametrize(
    "error",
    [
        aiokafka.errors.NotEnoughReplicasError(),
        kafka.errors.KafkaTimeoutError(),
        OSError(29, "an errno of the operating system is no error code of Kafka's"),
        ValueError(),
    ],
)
def test_other_errors_are_no_refusals(error: Exception) -> None:
    assert refusal(error, "a topic") is None
