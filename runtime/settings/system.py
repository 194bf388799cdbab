"""Groups that every process reads: Kafka, topics, registry, logs, metrics."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from runtime.settings.group import Group
from runtime.settings.secret import Secret
from runtime.settings.security import SaslSettings, SecurityProtocol, TlsSettings


class KafkaSettings(Group):
    """How to reach the cluster."""

    bootstrap_servers: str = Field(
        default="localhost:9092",
        pattern=r"^\s*[^\s,/]+:\d+(\s*,\s*[^\s,/]+:\d+)*\s*$",
        description="host:port, several with commas",
    )
    security_protocol: SecurityProtocol = "PLAINTEXT"
    request_timeout: float = Field(default=20.0, gt=0, description="seconds")
    session_timeout: float = Field(default=10.0, gt=0, description="seconds of silence that end a membership")
    unauthorised_retry: float = Field(
        default=30.0, gt=0, description="seconds between tries while the cluster refuses us, or we its certificate"
    )
    tls: TlsSettings = TlsSettings()
    sasl: SaslSettings = SaslSettings()

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        if problems := list(self._contradictions()):
            raise ValueError("; ".join(problems))
        return self

    def _contradictions(self) -> Iterator[str]:
        yield from self.tls.contradictions()
        if self.tls.is_set and not self.encrypted:
            yield f"tls is set, but security_protocol {self.security_protocol} is not encrypted: use SSL or SASL_SSL"
        if self.authenticated:
            yield from self.sasl.contradictions()
        elif self.sasl.is_set:
            yield f"sasl is set, but security_protocol {self.security_protocol} does not use it: use SASL_SSL"

    @property
    def encrypted(self) -> bool:
        """Whether connections use TLS."""
        return self.security_protocol in ("SSL", "SASL_SSL")

    @property
    def authenticated(self) -> bool:
        """Whether connections log in with SASL."""
        return self.security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")


class TopicSettings(Group):
    """Names and shape of the topics; what `meterstream topics create` makes and `verify` compares."""

    prefix: str = Field(default="meterstream", pattern=r"^[A-Za-z0-9._-]{1,60}$")
    partitions: int = Field(default=8, ge=1, le=10_000)
    replication_factor: int = Field(default=3, ge=1)
    min_insync_replicas: int = Field(default=2, ge=1)
    readings_retention_days: int | None = Field(default=None, ge=1, description="None: kept for ever")
    dead_letters_retention_days: int | None = Field(default=None, ge=1, description="None: kept for ever")

    @model_validator(mode="after")
    def _enough_replicas(self) -> Self:
        if self.min_insync_replicas > self.replication_factor:
            raise ValueError(
                f"min_insync_replicas ({self.min_insync_replicas}) is more than replication_factor "
                f"({self.replication_factor}): nothing could ever be written"
            )
        return self


class RegistrySettings(Group):
    """A schema registry with the Confluent REST API; without a url the embedded ids are used."""

    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/@]+(/[^\s@]*)?$",
        description="with the API's path, without user and password; None: the embedded ids",
    )
    user: str | None = None
    password: Secret | None = None
    timeout: float = Field(default=3.0, gt=0, le=30.0, description="seconds; an event loop may wait meanwhile")

    @model_validator(mode="after")
    def _whole_login(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together: set both or neither")
        return self


class LogSettings(Group):
    """Logs go to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "json"
    reveal_metering_points: bool = Field(default=False, description="False: they appear as a keyed hash")
    hash_key: Secret | None = Field(default=None, description="None: a new random key at each start")


class ObserverSettings(Group):
    """`meterstream observe`."""

    every: float = Field(default=15.0, gt=0, le=3_600, description="seconds between two looks at the cluster")


class MetricsSettings(Group):
    """Where /metrics, /healthz and /readyz are served."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535, description="0: any free port, written to the log")
    targets: Path | None = Field(
        default=None,
        description="for `meterstream status` and `top`: a file that lists the processes to ask, as Prometheus' "
        "file_sd_configs",
    )
