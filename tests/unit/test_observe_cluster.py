"""What is made of the cluster's answers: unknown is not zero."""

import pytest

from operations.observe.cluster import Cluster, Disk, disk_of, topic_bytes
from operations.progress import Progress, Reader

GB = 10**9


def directory(total: int | None, usable: int = 0, **topics: int) -> dict[str, object]:
    """A broker's log directory; a broker before Kafka 3.3 does not tell the sizes of its volume."""
    sizes = {} if total is None else {"total_bytes": total, "usable_bytes": usable}
    told = [
        {"name": name, "partitions": [{"partition_size": size}, {"partition_size": 1}]} for name, size in topics.items()
    ]
    return {"error_code": 0, "topics": told} | sizes


@pytest.mark.parametrize(
    ("dirs", "disk"),
    [
        pytest.param([directory(GB, GB // 2)], Disk(GB, GB // 2), id="one"),
        pytest.param([directory(GB, GB // 2), directory(9 * GB, GB)], Disk(9 * GB, GB), id="the fullest"),
        pytest.param([directory(None)], None, id="an old broker"),
        pytest.param([directory(-1, -1)], None, id="one that does not know"),
        pytest.param([], None, id="one that does not answer"),
    ],
)
def test_the_disk_of_a_broker_is_the_one_with_the_least_left(dirs: list[dict[str, object]], disk: Disk | None) -> None:
    assert disk_of(dirs) == disk


def test_a_topic_takes_what_its_replicas_take_and_others_topics_do_not_count() -> None:
    dirs = [directory(GB, a=10, b=5, elsewhere=99), directory(GB, a=10)]
    assert topic_bytes(["a", "b", "empty"], dirs) == {"a": 22, "b": 6, "empty": 0}


def test_a_group_that_has_not_begun_has_no_lag() -> None:
    streams = Reader("streams", "g", "readings", {0: None, 1: 5}, {0: 7, 1: 1}, 8, ())
    waiting = Reader("vitec", "g.vitec", "values", {0: None}, {0: 100}, 100, ())
    assert Cluster(Progress("1", (), streams, (waiting,)), 3).lags == {"g": 8}
