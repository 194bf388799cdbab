"""A schema registry in this process: the part of the Confluent REST API that we use, and every way to fail."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

Answer = tuple[int, Any]
"""A status, and what becomes the JSON body (bytes: as they are)."""


class StubRegistry:
    """Serves on loopback while its ``with`` block lasts.

    Attributes:
        requests: Method and path of everything that was asked.
        logins: The Authorization header of each request; None: it had none.
        fails_with: An answer to give to everything; None: works.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.logins: list[str | None] = []
        self.fails_with: Answer | None = None
        self._subjects: dict[str, list[int]] = {}
        self._schemas: dict[int, str] = {}
        self._strict: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, body: Any) -> Answer:
        self.requests.append(f"{method} {path}")
        if self.fails_with is not None:
            return self.fails_with
        if method == "POST" and (match := re.fullmatch(r"/subjects/([^/]+)/versions", path)):
            return self._register(match[1], body["schema"])
        if method == "GET" and (match := re.fullmatch(r"/schemas/ids/(\d+)", path)):
            text = self._schemas.get(int(match[1]))
            return (
                (404, {"error_code": 40403, "message": "Schema not found"}) if text is None else (200, {"schema": text})
            )
        if method == "GET" and path == "/subjects":
            return 200, sorted(self._subjects)
        if method == "PUT" and (match := re.fullmatch(r"/config/([^/]+)", path)):
            self._strict.add(match[1])
            return 200, body
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _register(self, subject: str, text: str) -> Answer:
        ids = self._subjects.setdefault(subject, [])
        for schema_id in ids:
            if json.loads(self._schemas[schema_id]) == json.loads(text):
                return 200, {"id": schema_id}
        if subject in self._strict and ids and not _readable(self._schemas[ids[-1]], text):
            return 409, {"error_code": 409, "message": "incompatible"}
        schema_id = len(self._schemas) + 1
        self._schemas[schema_id] = text
        ids.append(schema_id)
        return 200, {"id": schema_id}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                registry.logins.append(self.headers.get("Authorization"))
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                status, content = registry.answer(self.command, self.path.partition("?")[0], body)
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = answer  # noqa: N815  # the names that http.server calls

            def log_message(self, format: str, *arguments: Any) -> None:
                """Keeps quiet."""

        return Handler


def _readable(written: str, reader: str) -> bool:
    checker: Any = ReaderWriterCompatibilityChecker
    found = checker().get_compatibility(reader=avro.schema.parse(reader), writer=avro.schema.parse(written))
    return bool(found.compatibility is SchemaCompatibilityType.compatible)
