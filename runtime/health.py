"""Health over HTTP: /healthz (it turns its loop), /readyz (it can do its work), /metrics."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import make_wsgi_app

from runtime.errors import ConfigError
from runtime.loopback import is_loopback
from runtime.settings.system import MetricsSettings

log = logging.getLogger(__name__)

Page = Callable[[str], bytes]
"""What a process serves besides, as JSON, to who asked for this host; made anew for each request, in another thread."""

STALLED_AFTER = 60.0
"""Seconds without a turn of the main loop after which /healthz fails."""


class Health:
    """What a process says of itself. Thread-safe: single attributes, written by one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Not ready until told."""
        self._clock = clock
        self._beat = clock()
        self._waiting_for: str | None = "starting"

    def beat(self) -> None:
        """The main loop has turned."""
        self._beat = self._clock()

    def ready(self) -> None:
        """The process can do its work."""
        self._waiting_for = None

    def waiting(self, reason: str) -> None:
        """The process lives, and waits for something it names (no secrets)."""
        self._waiting_for = reason

    @property
    def live(self) -> bool:
        """Whether the main loop has turned lately."""
        return self._clock() - self._beat < STALLED_AFTER

    @property
    def waiting_for(self) -> str | None:
        """What the process waits for; None: it is ready."""
        return self._waiting_for


class _Quiet(WSGIRequestHandler):
    timeout = 10.0  # seconds for a client to ask; then its connection is closed

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are not worth a line each."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread per request: a client that connects and says nothing must not keep a probe from its answer."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Binds without the look-up of this machine's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class HealthServer:
    """Serves one process's health in a thread of its own, so that a busy loop cannot hide itself.

    Beyond loopback it serves numbers and known words only: why a process is not ready names hosts and users.
    """

    def __init__(
        self,
        settings: MetricsSettings,
        registry: CollectorRegistry,
        health: Health,
        pages: Mapping[str, Page] | None = None,
    ) -> None:
        """Binds the port. ``pages``: what is served besides, by path.

        Raises:
            ConfigError: the address cannot be bound.
        """
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self._metrics: Callable[..., Iterable[bytes]] = make_wsgi_app(registry)
        self._health = health
        self._pages = pages or {}
        self._tells_why = is_loopback(settings.host)
        try:
            self._server = make_server(settings.host, settings.port, self._answer, _Server, _Quiet)
        except OSError as error:
            raise ConfigError(
                [f"metrics: {settings.host}:{settings.port} cannot be served: {error.strerror}; set another port"]
            ) from error
        self.port: int = self._server.server_port
        self.address = f"http://{settings.host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="health", daemon=True)
        self._thread.start()
        log.info("serving health", extra={"address": f"{self.address}/metrics"})

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _why(self, reason: str) -> str:
        return reason if self._tells_why else "waiting; its log says for what"

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if page := self._pages.get(environ["PATH_INFO"]):
            start_response("200 OK", [("Content-Type", "application/json")])
            return [page(environ.get("HTTP_HOST", "").rpartition(":")[0])]
        match environ["PATH_INFO"]:
            case "/metrics":
                return self._metrics(environ, start_response)
            case "/healthz":
                status, text = ("200 OK", "live") if self._health.live else ("503 Service Unavailable", "stalled")
            case "/readyz":
                reason = self._health.waiting_for
                status, text = ("200 OK", "ready") if reason is None else ("503 Service Unavailable", self._why(reason))
            case _:
                status, text = "404 Not Found", "try /metrics, /healthz or /readyz"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{text}\n".encode()]
