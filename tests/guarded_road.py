"""The whole road – producer, streams, a sink – on a broker that asks who comes, each process as somebody of its own."""

import os
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

from local.ports import free_port
from operations.rights import Right, rights
from runtime.settings.load import load
from runtime.settings.tree import Settings
from tests.guarded_kafka import GuardedKafka
from tests.receiver_databases import SQLiteReceiver

KINDS = {
    "cluster": ResourceType.CLUSTER,
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS = {
    "Create": ACLOperation.CREATE,
    "Delete": ACLOperation.DELETE,
    "Describe": ACLOperation.DESCRIBE,
    "DescribeConfigs": ACLOperation.DESCRIBE_CONFIGS,
    "Read": ACLOperation.READ,
    "Write": ACLOperation.WRITE,
}
Login = Callable[[str], Mapping[str, Any]]
"""The [kafka] settings of a role."""


class GuardedRoad:
    """One settings file; who we are comes by the environment, as in production."""

    def __init__(self, folder: Path, prefix: str, url: str, login: Login) -> None:
        """Starts nothing."""
        self.folder = folder
        self.login = login
        self.ports: dict[str, int] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self.receiver = SQLiteReceiver(folder / "vitec.sqlite")
        (folder / "points.csv").write_text("metering_point\np1\n", encoding="utf-8")
        (folder / "receiver.csv").write_text("metering_point,category\np1,\n", encoding="utf-8")
        self.config = folder / "meterstream.toml"
        self.config.write_text(
            f"""
[topics]
prefix = "{prefix}"
partitions = 2
replication_factor = 1
min_insync_replicas = 1
[log]
format = "text"
level = "debug"
[canary]
every = 0
[sources.feed]
mapping = "oresundskraft"
url = "{url}"
granularity = "hour"
points = "points.csv"
limits = {{ requests_per_second = 1000 }}
poll = {{ every = 0.5, retry_initial = 0.1, retry_maximum = 0.5 }}
[receivers.vitec]
points = "receiver.csv"
{chr(10).join(self.receiver.settings())}
""",
            encoding="utf-8",
        )

    def environment(self, role: str) -> dict[str, str]:
        """What a process of that role is told."""
        return dict(_flat(self.login(role), "METERSTREAM__KAFKA"))

    def settings(self, role: str) -> Settings:
        """As a process of that role reads them."""
        return load(self.config, self.environment(role))

    def grant(self, guarded: GuardedKafka, principal: Callable[[str], str]) -> None:
        """Gives each role exactly the rights of the table."""
        table = rights(self.settings("operator"))
        guarded.allow(
            [acl for role, needed in table.items() for right in needed for acl in acls(principal(role), right)]
        )

    def start(self, role: str, *arguments: str, **more: str) -> "subprocess.Popen[bytes]":
        """Runs ``python -m ...`` as that role."""
        port = self.ports[role] = free_port()
        environment = os.environ | self.environment(role) | more | {"METERSTREAM__METRICS__PORT": str(port)}
        command = [sys.executable, "-m", *arguments, "--config", str(self.config)]
        with self.log_file(role).open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        self._processes.append(process)
        return process

    def start_all(self) -> None:
        """Every stage."""
        self.start("producer", "producer")
        self.start("streams", "streams")
        self.start("sink-vitec", "sinks", "--receiver", "vitec")

    def ask(self, role: str, path: str) -> tuple[int, str]:
        """Status and text of what a process serves; 0 while it serves nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[role]}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()
        except OSError:
            return 0, ""

    def log_file(self, role: str) -> Path:
        """Where its output goes."""
        return self.folder / f"{role}.log"

    def said(self) -> str:
        """What all have written."""
        return "".join(f"--- {file.name}\n{file.read_text('utf-8')}" for file in sorted(self.folder.glob("*.log")))

    def rows(self, *, running: bool = True) -> list[str]:
        """The values in the receiver's database. ``running``: no process has failed."""
        assert not running or [process.poll() for process in self._processes if process.poll()] == [], self.said()
        if not self.receiver.path.exists():
            return []
        try:
            return [row[0] for row in self.receiver.run("SELECT value FROM meter_values ORDER BY reading_at")]
        except sqlite3.OperationalError:  # not there yet, or being made
            return []

    def close(self) -> None:
        """Kills what runs."""
        for process in self._processes:
            process.kill()
            process.wait()


def acls(principal: str, right: Right) -> list[ACL]:
    """A right as the broker takes it."""
    pattern = ACLResourcePatternType.PREFIXED if right.prefixed else ACLResourcePatternType.LITERAL
    resource = ResourcePattern(KINDS[right.kind], right.name or "kafka-cluster", pattern)
    return [
        ACL(principal, "*", OPERATIONS[operation], ACLPermissionType.ALLOW, resource) for operation in right.operations
    ]


def _flat(node: Mapping[str, Any], path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in node.items():
        name = f"{path}__{key.upper()}"
        found += _flat(value, name) if isinstance(value, Mapping) else [(name, str(value))]
    return found
