"""A source: one feed of one granularity from one utility. What the producer needs to poll it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from runtime.settings.group import Group
from runtime.settings.secret import Secret
from schemas.events import Granularity


class HeaderKey(Group):
    """The key travels in a header."""

    type: Literal["header"]
    header: str = "X-Api-Key"
    key: Secret


class Bearer(Group):
    """A fixed bearer token."""

    type: Literal["bearer"]
    token: Secret


class OAuth2(Group):
    """OAuth 2 client credentials."""

    type: Literal["oauth2"]
    token_url: str
    client_id: str
    client_secret: Secret
    scope: str | None = None


class NoAuth(Group):
    """No authentication."""

    type: Literal["none"] = "none"


Auth = Annotated[HeaderKey | Bearer | OAuth2 | NoAuth, Field(discriminator="type")]


class SourceSettings(Group):
    """One source; its name is its key in the file."""

    mapping: str = Field(description="name of a mapping that ships (oresundskraft), or the path of a TOML file")
    url: str = Field(pattern=r"^https?://", description="what the mapping's path templates are appended to")
    granularity: Granularity
    points: Path = Field(description="CSV: metering_point,category,kind,factor,rolls_over_at,max_per_period,...")
    auth: Auth = NoAuth()
