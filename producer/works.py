"""What a process does for its sources once connected: it polls them or reads their folders, and sends canaries."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from producer.answer import Asker
from producer.arrivals import Arrivals
from producer.auth import credentials
from producer.canary import Canary
from producer.claim import Claims
from producer.client import Client
from producer.feed import Feed
from producer.folder_work import FolderWork
from producer.gate import Gate
from producer.incoming import Incoming
from producer.line import Line
from producer.log import Log
from producer.memory import Memory
from producer.poller import Keeping, Poller
from producer.records import Records
from producer.report import Report
from producer.source_circuit import SourceCircuit
from producer.work import IN_HAND, Pace, SourceWork
from runtime.metrics import ProducerMetrics
from runtime.process import Process
from runtime.tls import tls_context


@dataclass(frozen=True)
class Means:
    """What the sources are worked with. ``memories``: by source."""

    process: Process
    metrics: ProducerMetrics
    memories: Mapping[str, Memory]
    claims: Claims
    log: Log
    records: Records


class Works:
    """The works of a process's sources."""

    def __init__(self, means: Means) -> None:
        """None yet."""
        self._means = means
        self._settings = means.process.settings
        self._gates: list[Gate] = []
        self._circuits: list[SourceCircuit] = []
        self.polling: list[SourceWork | FolderWork] = []
        self.canaries: list[Canary] = []

    async def add(self, line: Line, stack: AsyncExitStack) -> None:
        """One source's work; ``stack`` closes its client. To be called inside the event loop."""
        means, name = self._means, line.feed.name
        circuit = self._circuit(line.feed)
        keeping = Keeping(means.memories[name], means.claims.of(name), means.log, means.records, circuit)
        report = Report(name, means.metrics, Arrivals(line.feed, line.points))
        if (folder := line.feed.settings.folder) is not None:
            self.polling.append(self._folder_work(line, folder, keeping, report))
        else:
            client = await stack.enter_async_context(self._client(line.feed, report))
            self.polling.append(self._source_work(line, client, keeping, report))

    def add_canary(self, line: Line) -> None:
        """One source's canary, where the settings want it."""
        if every := self._settings.canary.every:
            means, name = self._means, line.feed.name
            self.canaries.append(Canary(name, every, means.log, means.records, means.metrics.canaries.labels(name)))

    def finish(self) -> None:
        """Takes no more points and files, and sends no more canaries; what waits for credentials gives up."""
        for each in (*self.polling, *self.canaries):
            each.finish()
        for gate in self._gates:
            gate.abandon()

    def tell(self) -> None:
        """Updates what is told of the sources; called now and then."""
        for work in self.polling:
            work.tell()

    @property
    def reason(self) -> str | None:
        """Why something of it cannot be done; None: nothing is in the way."""
        refused = [f"{gate.source} ({gate.why})" for gate in self._gates if not gate.authorised]
        if refused:
            return f"the utility refuses our credentials: {', '.join(refused)}"
        reasons = (each.reason for some in (self._circuits, self.polling) for each in some)
        return next((reason for reason in reasons if reason is not None), None)

    def _client(self, feed: Feed, report: Report) -> Client:
        gate = Gate(feed.name, feed.settings.poll.unauthorised_retry, self._means.metrics.authorised)
        self._gates.append(gate)
        settings, environment = feed.settings, self._means.process.environment
        tls = tls_context(f"sources.{feed.name}.tls", settings.tls, environment) if settings.encrypted else None
        login = credentials(settings.auth, environment, report.token)
        return Client(feed, login, gate, self._means.metrics, tls)

    def _circuit(self, feed: Feed) -> SourceCircuit:
        stopped = self._means.metrics.stopped.labels(feed.name)
        circuit = SourceCircuit(self._settings.dead_letters, feed.name, stopped)
        self._circuits.append(circuit)
        return circuit

    def _source_work(self, line: Line, client: Client, keeping: Keeping, report: Report) -> SourceWork:
        feed, means = line.feed, self._means
        poller = Poller(feed, line.spans, Asker(feed, client, means.metrics), keeping, report)
        pace = Pace(line.spans.every, feed.settings.poll, feed.settings.limits.concurrency * IN_HAND, keeping.circuit)
        return SourceWork(line.points, poller, pace, report, means.process.pseudonyms)

    @staticmethod
    def _folder_work(line: Line, folder: Path, keeping: Keeping, report: Report) -> FolderWork:
        points = {point.metering_point: point for point in line.points}
        return FolderWork(line.feed, points, Incoming(folder, line.feed.settings.manifests), keeping, report)
