"""The settings file of the local system: what a user would write, filled in with this run's addresses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template

RECEIVERS = ("vitec", "momentum")
TARGETS = "targets.json"
UTILITY_KEY = "utility.key"
"""The file that holds what the utility knows us by, be it shown as a key or given for a token."""

_SYSTEM = Template("""\
# Written by the local system; the comments of meterstream.example.toml explain every setting.
epoch = "1"

[kafka]
bootstrap_servers = "$kafka"
request_timeout = $request
session_timeout = $session

[streams]
stall_limit = $stall
transaction_timeout = $stall

[topics]
prefix = "$prefix"
partitions = $partitions
replication_factor = $replication_factor
min_insync_replicas = $min_insync_replicas

[log]
level = "info"
format = "text"

[metrics]
targets = "targets.json"

[receivers.vitec]
database = "postgresql"
dsn = { file = "secrets/vitec.dsn" }
timeout = $database
points = "receiver-vitec.csv"
layouts = ["vitec", "plain"]

[receivers.momentum]
database = "sqlite"
path = "momentum.sqlite"
timeout = $database
points = "receiver-momentum.csv"
layouts = ["momentum", "plain"]
""")

_SOURCE = Template("""
[sources.$name]
mapping = "oresundskraft"
url = "$url"
granularity = "$granularity"
points = "points-$feed.csv"
auth = $auth
limits = { requests_per_second = $requests_per_second, concurrency = 16, read_timeout = $request }
poll = { every = $every, window = $window }
publishing = { delay = $published_after }  # the simulated world is behind the clock
""")


_KEY = Template('{ type = "header", header = "X-Api-Key", key = { file = "secrets/$secret" } }')
_TOKEN = Template(
    '{ type = "oauth2", token_url = "$url/oauth/token", client_id = "simulated-client",'
    ' client_secret = { file = "secrets/$secret" } }'
)


@dataclass(frozen=True)
class SourceFacts:
    """One source of the local system.

    ``every``: seconds between two polls of a point; ``window``: days, or months; ``published_after``: seconds from a
    period's end; ``token``: it asks for tokens (OAuth 2) and shows no key.
    """

    name: str
    feed: str
    granularity: str
    every: float
    window: int
    published_after: float
    token: bool = False


@dataclass(frozen=True)
class Addresses:
    """Where this run's services stand."""

    kafka: str
    utility: str


def write_secret(folder: Path, name: str, text: str) -> None:
    """Writes a secret where the settings file looks for it, readable by us alone."""
    file = folder / "secrets" / name
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def write_targets(folder: Path, ports: Mapping[str, int]) -> None:
    """Writes where each process serves its metrics, in one step: somebody may be reading."""
    groups = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"job": _job(name), "instance": name}}
        for name, port in ports.items()
    ]
    beside = folder / f".{TARGETS}"
    beside.write_text(json.dumps(groups), encoding="utf-8")
    beside.replace(folder / TARGETS)


def _job(name: str) -> str:
    """What the processes of its kind are called together in deploy/prometheus."""
    kind = name.partition("-")[0]
    return "sinks" if kind == "sink" else kind


def write(file: Path, addresses: Addresses, sources: Sequence[SourceFacts], values: Mapping[str, object]) -> None:
    """Writes the settings file; ``values``: prefix, partitions, requests_per_second and time-outs."""
    text = _SYSTEM.substitute(kafka=addresses.kafka, **values)
    for source in sources:
        auth = (_TOKEN if source.token else _KEY).substitute(url=addresses.utility, secret=UTILITY_KEY)
        text += _SOURCE.substitute(asdict(source), url=addresses.utility, auth=auth, **values)
    file.write_text(text, encoding="utf-8")
