"""A real Prometheus on loopback: it scrapes what it is told, evaluates rules, answers queries.

    with PrometheusServer(directory, Scraping(jobs={"producer": ["127.0.0.1:9464"]}, rules=[...])) as server:
        server.query("sum(meterstream_streams_consumed_total)")

The programs are those of this system, where it has them; else `python -m local.prometheus` brings Debian's packages
into the cache, unpacked and not installed: no root is needed, and nothing is started.
"""

import json
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.local_service import LocalService
from local.ports import free_port, require_free
from local.process import Service, ServiceError, ServiceProcess
from local.prometheus_programs import program

START_SECONDS = 30.0
ANSWER_SECONDS = 10.0
PROBE_SECONDS = 1.0


@dataclass(frozen=True)
class Scraping:
    """What is scraped and how often.

    Attributes:
        jobs: job name to `host:port` of its processes.
        discovered: job name to the address of a list of its processes (`http_sd_configs`: `/targets` of the sinks).
        rules: rule files; relative paths are taken from the working directory.
        every: a Prometheus duration: between two scrapes, and two evaluations of rules that do not say another one.
        external_labels: what every alert carries besides.
    """

    jobs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    discovered: Mapping[str, str] = field(default_factory=dict)
    rules: Sequence[Path] = ()
    every: str = "1s"
    external_labels: Mapping[str, str] = field(default_factory=dict)

    def configuration(self) -> dict[str, object]:
        """The content of prometheus.yml."""
        fixed = [{"job_name": job, "static_configs": [{"targets": list(each)}]} for job, each in self.jobs.items()]
        # A worker names its receiver itself: its own labels stay.
        asked = [
            {
                "job_name": job,
                "honor_labels": True,
                "http_sd_configs": [{"url": address, "refresh_interval": self.every}],
            }
            for job, address in self.discovered.items()
        ]
        return {
            "global": {
                "scrape_interval": self.every,
                "scrape_timeout": self.every,
                "evaluation_interval": self.every,
                "external_labels": dict(self.external_labels),
            },
            "rule_files": [str(path.absolute()) for path in self.rules],
            "scrape_configs": [*fixed, *asked],
        }


@dataclass(frozen=True)
class Sample:
    """One series of an answer, as of one moment."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Alert:
    """One alert that is pending or firing. ``since``: RFC 3339, when its expression became true."""

    name: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: str


class QueryError(ServiceError):
    """Prometheus refuses a query; the message says why."""


class PrometheusServer(LocalService):
    """One Prometheus. The same data directory carries on the same samples.

    Attributes:
        data_dir: Holds configuration, samples and output (`prometheus.log`).
        port: Where it listens on 127.0.0.1. With 0 given, a free one is chosen once, at the first start.
        service: Name, log and stop signal, for a supervisor.
    """

    def __init__(self, data_dir: Path, scraping: Scraping, port: int = 0) -> None:
        """Takes where and what, starts nothing."""
        self.data_dir = data_dir.absolute()
        self.port = port
        self.service = Service(name="Prometheus", log=self.data_dir / "prometheus.log")
        self._scraping = scraping

    @property
    def url(self) -> str:
        """Its address, without a slash at the end; known after `prepare` or `start`."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it and waits until it answers. Does nothing if it runs.

        Raises:
            ServiceError: It is not installed, the port is taken, or it did not come up; then the message holds its
                log's end.
        """
        if self.alive:
            return
        self.prepare()
        require_free(self.port)
        self._process = ServiceProcess(self.service, self.command())
        self._process.wait_ready(self.ready, START_SECONDS)

    def prepare(self) -> None:
        """Writes the configuration and chooses a port. Starts nothing.

        Raises:
            ServiceError: Prometheus is not installed.
        """
        program("prometheus")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self._write()

    def scrape(self, scraping: Scraping) -> None:
        """Scrapes something else from now on (Prometheus takes up to 6 s for it)."""
        self._scraping = scraping
        self._write()
        if self._process:
            self._process.send(signal.SIGHUP)

    def command(self) -> list[str]:
        """The command line of the process, after `prepare`."""
        return [
            str(program("prometheus")),
            f"--config.file={self._configuration}",
            f"--storage.tsdb.path={self.data_dir / 'samples'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def ready(self) -> bool:
        """Whether it answers queries now."""
        try:
            urllib.request.urlopen(f"{self.url}/-/ready", timeout=PROBE_SECONDS).close()  # noqa: S310 - loopback
        except OSError:
            return False
        return True

    def query(self, expression: str, at: float | None = None) -> tuple[Sample, ...]:
        """What an expression gives, as an instant vector (a scalar: one sample without labels).

        Args:
            expression: PromQL.
            at: seconds since 1970; None: now.

        Raises:
            QueryError: It is refused.
            OSError: Prometheus does not answer.
        """
        parameters = {"query": expression} | ({} if at is None else {"time": str(at)})
        data = self._ask("query", parameters)
        if data["resultType"] == "scalar":
            return (Sample({}, float(data["result"][1])),)
        return tuple(Sample(one["metric"], float(one["value"][1])) for one in data["result"])

    def query_range(self, expression: str, start: float, end: float, step: float) -> dict[str, list[float]]:
        """What an expression gave between two moments (seconds since 1970), a value each ``step`` seconds.

        Returns:
            the labels of each series, as JSON, to its values. A series without a sample is not there.

        Raises:
            QueryError: It is refused.
            OSError: Prometheus does not answer.
        """
        parameters = {"query": expression, "start": str(start), "end": str(end), "step": str(step)}
        result = self._ask("query_range", parameters)["result"]
        return {
            json.dumps(one["metric"], sort_keys=True): [float(value) for _, value in one["values"]] for one in result
        }

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert that is pending or firing now.

        Raises:
            OSError: Prometheus does not answer.
        """
        return tuple(
            Alert(one["labels"]["alertname"], one["state"], one["labels"], one["annotations"], one["activeAt"])
            for one in self._ask("alerts", {})["alerts"]
        )

    @property
    def _configuration(self) -> Path:
        return self.data_dir / "prometheus.yml"

    def _write(self) -> None:
        # JSON is YAML. Made under another name: it may be read at any moment.
        unfinished = self._configuration.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self._scraping.configuration(), indent=1), "utf-8")
        unfinished.replace(self._configuration)

    def _ask(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - loopback
                data: dict[str, Any] = json.load(answer)["data"]
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise QueryError(f"Prometheus refuses: {refusal.read().decode(errors='replace')}") from None
        return data
