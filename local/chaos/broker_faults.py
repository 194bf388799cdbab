"""Faults of the brokers: leaders and majorities that die, disks that are full, records and rights that are refused."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from random import Random
from typing import Any

from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

from local.chaos import kafka_operator
from local.chaos.fault import Kind
from local.process import ServiceError
from local.system import LocalSystem
from runtime.topics import MAX_MESSAGE_BYTES, TopicNames

BRIEF = (3.0, 8.0)
"""Seconds: long enough that others take over what a broker led."""
DRAIN_SECONDS = 30.0
FAILS_WITHIN = 30.0
"""Seconds in which a broker on a full disk gives up; it writes several times a second."""
TOO_SMALL = 160
"""Bytes for a batch of records: fewer than one of ours takes, more than the marker of a transaction (78), without which
Kafka itself would not get on."""

Inject = Callable[[LocalSystem, Random], AbstractContextManager[str]]
Find = Callable[[LocalSystem, Random], int]


def _name(broker: int) -> str:
    return f"Kafka-{broker}"


@contextmanager
def _down(system: LocalSystem, *brokers: int) -> Iterator[None]:
    """Killed, and not started again while inside."""
    with ExitStack() as stack:
        for name in map(_name, brokers):
            stack.enter_context(system.services.held(name))
            system.services.process(name).kill()
        yield


def _killed(find: Find) -> Inject:
    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        broker = find(system, random)
        with _down(system, broker):
            yield _name(broker)

    return inject


def _leader_of(topic: Callable[[TopicNames], str]) -> Find:
    def find(system: LocalSystem, random: Random) -> int:
        partition = random.randrange(system.options.partitions)
        return kafka_operator.leader(system, topic(TopicNames.of(system.settings)), partition)

    return find


def _coordinator(system: LocalSystem, random: Random) -> int:
    """Who leads a partition of an internal topic: what it coordinates goes on elsewhere."""
    return kafka_operator.leader(system, random.choice(("__transaction_state", "__consumer_offsets")))


def _controller(system: LocalSystem, _: Random) -> int:
    return kafka_operator.controller(system)


@contextmanager
def _two_killed(system: LocalSystem, random: Random) -> Iterator[str]:
    """The one that is left takes nothing: two copies are asked for."""
    brokers = sorted(random.sample((1, 2, 3), 2))
    with _down(system, *brokers):
        yield " and ".join(map(_name, brokers))


@contextmanager
def _rolled(system: LocalSystem, random: Random) -> Iterator[str]:
    """Every broker is stopped in order and started again, the next when the one before has caught up."""
    brokers = random.sample((1, 2, 3), 3)
    for broker in brokers:
        kafka_operator.wait_in_step(system)
        system.services.process(_name(broker)).stop(DRAIN_SECONDS)
    yield ", ".join(map(_name, brokers))


@contextmanager
def disk_full(system: LocalSystem, random: Random) -> Iterator[str]:
    """Every further write of a broker to a file fails, as on a full disk, so that it ends itself.

    Raises:
        ServiceError: it did not end; nothing was struck.
    """
    name = _name(random.randrange(1, 4))
    with system.services.held(name):
        process = system.services.process(name)
        # EFBIG in place of ENOSPC; to Kafka both are an I/O error of its log directory. It needs no rights.
        with suppress(ProcessLookupError):  # another fault has just ended it
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        end = time.monotonic() + FAILS_WITHIN
        while process.alive:
            if time.monotonic() > end:
                raise ServiceError(f"{name} has gone on for {FAILS_WITHIN:g} s although it cannot write")
            time.sleep(0.1)
        yield f"{name}, ended with {process.exit_code}"


def _too_large(topic: Callable[[TopicNames], str]) -> Inject:
    """The topic takes no batch of records any more, however small."""

    @contextmanager
    def inject(system: LocalSystem, _: Random) -> Iterator[str]:
        name = topic(TopicNames.of(system.settings))
        kafka_operator.set_limit(system, name, TOO_SMALL)
        try:
            yield name
        finally:
            kafka_operator.set_limit(system, name, MAX_MESSAGE_BYTES)

    return inject


def _denied(operation: ACLOperation, resource_of: Callable[[TopicNames], ResourcePattern]) -> Inject:
    """The cluster's authoriser says no to it, from whomever it comes; all else stays allowed."""

    @contextmanager
    def inject(system: LocalSystem, _: Random) -> Iterator[str]:
        pattern = resource_of(TopicNames.of(system.settings))
        denial = _entry(operation, ACLPermissionType.DENY, pattern)
        kafka_operator.grant(system, [_entry(ACLOperation.ALL, ACLPermissionType.ALLOW, pattern), denial])
        try:
            yield str(pattern.resource_name)
        finally:
            kafka_operator.revoke(system, denial)

    return inject


def _entry(operation: ACLOperation, permission: ACLPermissionType, pattern: ResourcePattern) -> Any:
    return ACL("User:*", "*", operation, permission, pattern)


def _topic(name: str) -> ResourcePattern:
    return ResourcePattern(ResourceType.TOPIC, name)


def _transactions(names: TopicNames) -> ResourcePattern:
    return ResourcePattern(ResourceType.TRANSACTIONAL_ID, names.streams_group, ACLResourcePatternType.PREFIXED)


def _kind(name: str, inject: Inject, seconds: tuple[float, float] = BRIEF, brokers: int = 3) -> Kind:
    return Kind(name, "broker", inject, seconds, brokers=brokers)


KINDS = (
    _kind("brokers: leader of a readings partition killed", _killed(_leader_of(lambda names: names.readings))),
    _kind("brokers: leader of a values partition killed", _killed(_leader_of(lambda names: names.values))),
    _kind("brokers: coordinator of transactions or groups killed", _killed(_coordinator)),
    _kind("brokers: active controller killed", _killed(_controller)),
    _kind("brokers: two of three killed", _two_killed),
    _kind("brokers: rolling restart", _rolled, BRIEF),
    _kind("brokers: disk full", disk_full),
    *(
        _kind(name, inject, brokers=1)
        for name, inject in (
            ("Kafka: readings too large for their topic", _too_large(lambda names: names.readings)),
            ("Kafka: values too large for their topic", _too_large(lambda names: names.values)),
            ("Kafka: writing readings denied", _denied(ACLOperation.WRITE, lambda names: _topic(names.readings))),
            ("Kafka: reading readings denied", _denied(ACLOperation.READ, lambda names: _topic(names.readings))),
            ("Kafka: writing values denied", _denied(ACLOperation.WRITE, lambda names: _topic(names.values))),
            ("Kafka: reading values denied", _denied(ACLOperation.READ, lambda names: _topic(names.values))),
            ("Kafka: transactions denied", _denied(ACLOperation.WRITE, _transactions)),
        )
    ),
)
