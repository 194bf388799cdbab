"""A source: one feed of one granularity from one utility. What the producer needs to poll it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from runtime.loopback import is_loopback
from runtime.settings.group import Group
from runtime.settings.publishing import PublishingSettings
from runtime.settings.secret import Secrets
from runtime.settings.security import TlsSettings
from schemas.events import Granularity, SeriesKind

Stamp = Literal["last-day", "end", "start"]
"""What a reading date names: the period's last day, its end or its start."""


_CHANGING = "while it is changed a list: the new one, the old one"


class HeaderKey(Group):
    """The key travels in a header."""

    type: Literal["header"]
    header: str = "X-Api-Key"
    key: Secrets = Field(description=_CHANGING)


class Bearer(Group):
    """A fixed bearer token."""

    type: Literal["bearer"]
    token: Secrets = Field(description=_CHANGING)


class OAuth2(Group):
    """OAuth 2 client credentials."""

    type: Literal["oauth2"]
    token_url: str = Field(pattern=r"^https?://[^\s/?#@]+(/\S*)?$")
    client_id: str
    client_secret: Secrets = Field(description=_CHANGING)
    scope: str | None = None


class NoAuth(Group):
    """No authentication."""

    type: Literal["none"] = "none"


Auth = Annotated[HeaderKey | Bearer | OAuth2 | NoAuth, Field(discriminator="type")]


class CategorySettings(Group):
    """How one delivery category is read; what is not set is the mapping's default."""

    kind: SeriesKind | None = Field(default=None, description="register: positions of a counter; volume: amounts used")
    stamp: Stamp | None = Field(default=None, description="what its reading dates name")
    consumption_unit: str | None = Field(default=None, min_length=1, max_length=1_000)


class LimitSettings(Group):
    """How hard the utility may be asked, and how long it may take to answer."""

    requests_per_second: float = Field(default=10.0, gt=0, le=100_000)
    concurrency: int = Field(default=4, ge=1, le=1_000, description="requests under way at once")
    max_body_bytes: int = Field(
        default=32 << 20, ge=1 << 10, description="a larger answer, all pages together, is unreadable"
    )
    max_readings: int = Field(default=100_000, ge=1, description="an answer with more is unreadable")
    max_pages: int = Field(default=1_000, ge=1, description="pages of one answer")
    pool_timeout: float = Field(default=60.0, gt=0, description="seconds until a connection is to be had")
    connect_timeout: float = Field(default=10.0, gt=0, description="seconds to connect")
    read_timeout: float = Field(default=30.0, gt=0, description="seconds between two pieces of an answer")
    total_timeout: float = Field(default=120.0, gt=0, description="seconds for a whole answer")


class PollSettings(Group):
    """When a point is asked, and for what. Spans are months for a month source and days for every other one."""

    every: float | None = Field(
        default=None, ge=0.05, description="seconds between two polls of a point; None: by granularity"
    )
    window: int | None = Field(default=None, ge=1, description="recent span, in each poll; None: 3 months, 14 days")
    sweep_window: int | None = Field(
        default=None, ge=1, description="span of the deep sweep; None: 24 months, 390 days, 40 days of hours"
    )
    sweep_every_days: float = Field(default=7.0, gt=0)
    full_sweep_every_days: float = Field(default=91.0, gt=0, description="this one ignores what was published before")
    first_load: int | None = Field(default=None, ge=1, description="span of a new point's first load; None: history")
    request_span: int | None = Field(
        default=None, ge=1, description="span of one request at most; None: 48 months, 500 days, 31 days of hours"
    )
    retry_initial: float = Field(default=1.0, gt=0, description="seconds before a failed poll is tried again")
    retry_maximum: float = Field(default=900.0, gt=0, description="seconds; waits double up to this")
    retry_after_maximum: float = Field(default=600.0, gt=0, description="seconds; a longer Retry-After is cut to it")
    failing_after: int = Field(default=5, ge=1, description="failures in a row after which a point counts as failing")
    unauthorised_retry: float = Field(default=60.0, gt=0, description="seconds between tries after 401 or 403")


class SourceSettings(Group):
    """One source; its name is its key in the file."""

    mapping: str = Field(description="name of a mapping that ships (oresundskraft), or the path of a TOML file")
    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+(/\S*)?$",
        description="what the mapping's path template is appended to",
    )
    folder: Path | None = Field(
        default=None, description="instead of url: files with the same messages are dropped there (docs/files.md)"
    )
    manifests: bool = Field(
        default=False, description="of a folder: only files that a manifest names are read, and compared with it"
    )
    granularity: Granularity
    points: Path = Field(description="CSV: metering_point,category,kind,factor,rolls_over_at,max_per_period,...")
    auth: Auth = NoAuth()
    plain_http: bool = Field(
        default=False, description="True: credentials may go to another machine without encryption (http)"
    )
    tls: TlsSettings = TlsSettings()
    limits: LimitSettings = LimitSettings()
    poll: PollSettings = PollSettings()
    publishing: PublishingSettings = PublishingSettings()
    zone: str | None = Field(default=None, description="over the mapping's: +01:00, UTC or a name of the tz database")
    categories: dict[str, CategorySettings] = Field(default_factory=dict, description="over the mapping's")
    customer_number: str | None = Field(
        default=None, max_length=1_000, description="for the path template, and where a message names none"
    )

    @property
    def encrypted(self) -> bool:
        """Whether any request of it uses TLS."""
        return any(address.startswith("https:") for address in self._addresses.values())

    @property
    def _addresses(self) -> Mapping[str, str]:
        """Where requests go, by the setting that says so."""
        token = {"auth.token_url": self.auth.token_url} if self.auth.type == "oauth2" else {}
        return token if self.url is None else {"url": self.url, **token}

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if problems := list(self._unguarded()):
            raise ValueError("; ".join(problems))
        return self

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if (self.url is None) == (self.folder is None):
            raise ValueError("a source has either url, the utility's API, or folder, where its files are dropped")
        if self.folder is not None and (self.auth.type != "none" or self.tls.is_set):
            raise ValueError("auth and tls belong to a url; a folder has none")
        if self.url is not None and self.manifests:
            raise ValueError("manifests belong to a folder")
        return self

    def _unguarded(self) -> Iterator[str]:
        yield from self.tls.contradictions()
        if self.tls.is_set and not self.encrypted:
            yield "tls is set, but url is not encrypted: use https"
        if self.auth.type == "none" or self.plain_http:
            return
        for name, address in self._addresses.items():
            if _readable_on_the_way(address):
                yield f"{name} would send our credentials in the clear: use https, or set plain_http = true"


def _readable_on_the_way(address: str) -> bool:
    """Whether a request to it leaves this machine without encryption."""
    parts = urlsplit(address)
    return parts.scheme != "https" and not is_loopback(parts.hostname)
