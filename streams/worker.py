"""The streams worker's life: wait for what it needs, run, and stop or leave."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

import uvloop
from aiokafka.errors import IllegalOperation, KafkaError
from kafka import TopicPartition

from runtime.backstop import backstop
from runtime.circuit import Circuit
from runtime.errors import ConfigError, ExitCode, Fatal, MeterstreamError
from runtime.kafka import aiokafka_options
from runtime.kafka_refusals import refusal
from runtime.lookout import Aim, Seen, Sight, look_out
from runtime.metrics import StreamsMetrics
from runtime.process import Process, Run, leave
from runtime.registry import schema_registry
from runtime.topic_admin import require
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue, Reading
from schemas.registry import SchemaRegistry
from streams import configured, lookout
from streams.app import Membership, attach, streams_app
from streams.intake import Intake
from streams.opening import Opening
from streams.owner import Owner, Signs
from streams.partition import Shared
from streams.patience import Patience
from streams.pulse import Pulse
from streams.state_log import StateLog

log = logging.getLogger(__name__)

DRAIN = 15.0
"""Seconds that the chunk in hand may take at a stop; beyond, Kafka does not answer, and it is given up."""
FAREWELL = 4.0
"""Seconds that leaving the group may take at the end; nothing depends on it."""
WATCH = 1.0


def build(process: Process) -> Run:
    """Puts the worker together; connects to nothing.

    Raises:
        ConfigError: the settings contradict each other.
    """
    settings = process.settings
    if settings.streams.stall_limit <= 2 * settings.kafka.request_timeout:
        raise ConfigError(
            [
                "streams.stall_limit: must be more than twice kafka.request_timeout "
                f"({settings.kafka.request_timeout:g} s): to wait for Kafka is no stall"
            ]
        )
    metrics = StreamsMetrics(process.registry)
    registry = schema_registry(settings.registry, process.environment)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Worker(process, metrics, registry).live())

    return run


class Worker:
    """One worker, in its event loop."""

    def __init__(self, process: Process, metrics: StreamsMetrics, registry: SchemaRegistry) -> None:
        """Within a running loop."""
        self._process = process
        self._registry = registry
        self._names = TopicNames.of(process.settings)
        self._pulse = Pulse(process.settings.streams.stall_limit)
        self._signs = Signs(self._pulse, process.health, metrics)
        self._patience = Patience(self._pulse, process.health)
        self._app = streams_app(process.settings, self._pulse)
        self._owner: Owner | None = None

    async def live(self) -> None:
        """Runs until a stop is requested; then the chunk in hand is finished, and that was all.

        Whatever goes wrong on the way ends the process at once with its exit code and nothing acknowledged; its
        supervisor starts it again at the committed position.

        Raises:
            ConfigError: the topics are not as they must be. Nothing was started.
        """
        stop = asyncio.Event()
        self._process.stop.call(partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set))
        watching = asyncio.ensure_future(self._watch())
        running = asyncio.ensure_future(self._run())
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({watching, running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await self._stop()
        elif isinstance(error := running.exception(), ConfigError):
            raise error
        else:
            failed(error or Fatal("the Faust app ended by itself"))

    async def _run(self) -> None:
        settings, kafka = self._process.settings, self._process.settings.kafka
        await self._patience.retried("Kafka", partial(asyncio.to_thread, require, settings, self._used()))
        known = await self._patience.retried("Kafka", partial(asyncio.to_thread, lookout.ids, kafka, self._fixed()))
        opening = await self._opening(known)
        self._owner = Owner(Membership(self._app), opening.open, self._patience, self._signs)
        attach(self._app, self._names.readings, self._owner, failed)
        self._look_out(known)
        self._process.health.waiting("joining the consumer group")
        tasks = {asyncio.ensure_future(self._owner.open_assigned()), asyncio.ensure_future(self._app_life())}
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _app_life(self) -> None:
        await self._app.start()
        await self._app.wait_until_stopped()
        if self._app.crash_reason is not None:
            raise self._app.crash_reason

    def _look_out(self, known: Mapping[str, str]) -> None:
        out = lookout.Lookout(self._names, known, self._process.health, failed)
        loop = asyncio.get_running_loop()
        settings = self._process.settings
        readings = [TopicPartition(self._names.readings, number) for number in range(settings.topics.partitions)]

        def saw(seen: Seen) -> None:
            out.saw(seen)
            if self._owner is not None and isinstance(seen, Sight):
                self._owner.compare(seen.ends)

        aim = Aim(tuple(known), readings)
        look_out(settings.kafka, aim, lambda seen: loop.call_soon_threadsafe(saw, seen))

    async def _opening(self, known: Mapping[str, str]) -> Opening:
        """What opens partitions; waits for the schema registry, which gives the ids to write."""
        settings, options = self._process.settings, aiokafka_options(self._process.settings.kafka)
        reading, value, letter = await self._patience.retried(
            "the schema registry", partial(asyncio.to_thread, _codecs, self._registry)
        )
        shared = Shared(
            names=self._names,
            ids=known,
            epoch=settings.epoch,
            partitions=settings.topics.partitions,
            rules=configured.rules(settings.streams),
            log=StateLog(options, self._names.streams_group, self._patience),
            intake=Intake(reading, settings.topics.partitions, self._patience),
            values=value,
            dead_letters=letter,
            metrics=self._signs.metrics,
            patience=self._patience,
            circuit=Circuit(settings.dead_letters, "the records of this worker", self._signs.metrics.stopped),
        )
        return Opening(shared, options, settings.streams.transaction_timeout)

    def _used(self) -> list[str]:
        return [self._names.readings, self._names.values, self._names.state, self._names.dead_letters]

    def _fixed(self) -> list[str]:
        """The topics that must stay the same ones; dead letters may be made anew."""
        return [self._names.readings, self._names.values, self._names.state]

    async def _stop(self) -> None:
        """Finishes what is in hand; then leaves the group, which only saves the others a session timeout.

        A timer stands behind each: a transaction waits for a Kafka that is away, and Faust joins its thread, without
        a time limit. A chunk that is given up has acknowledged nothing and is read again.
        """
        if self._owner is None:
            leave(ExitCode.DONE)  # nothing is in hand; a thread may still wait for Kafka
            return
        with backstop(DRAIN, partial(failed, Fatal("Kafka does not answer: the chunk in hand is given up"))):
            await self._owner.stop()
        log.info("finished the chunk in hand")
        with backstop(FAREWELL, partial(leave, ExitCode.DONE)):
            await self._app.stop()

    async def _watch(self) -> None:
        """Beats while the worker gets on; ends the process when it does not."""
        while True:
            stalled = self._pulse.stalled
            if stalled:
                failed(Fatal(stalled))
            self._process.health.beat()
            await asyncio.sleep(WATCH)


def failed(error: BaseException) -> None:
    """Ends the process at once: going on, even to clean up, could lose or double something."""
    error = refusal(error, "streams") or broken_off(error) or error
    if isinstance(error, MeterstreamError):
        log.critical("stopped: %s", error)
        leave(error.exit_code)
    log.critical("stopped by a defect", exc_info=error)
    leave(ExitCode.DEFECT)


def broken_off(error: BaseException) -> Fatal | None:
    """In our words, what aiokafka raised since Kafka, or the way to it, failed at the wrong moment; else None."""
    if not isinstance(error, KafkaError | IllegalOperation):
        return None
    name, said = type(error).__name__, str(error).partition("\n")[0]
    about = said if name in said else f"{name}: {said}"
    return Fatal(f"Kafka broke off ({about}); what was in hand is done after the next start")


def _codecs(registry: SchemaRegistry) -> tuple[Codec[Reading], Codec[MeterValue], Codec[DeadLetter]]:
    return Codec(Reading, registry), Codec(MeterValue, registry), Codec(DeadLetter, registry)
