"""Momentum's external API: read-only, monthly statistics by item key; to check what a delivery has come to there."""

from decimal import Decimal
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from runtime.loopback import is_loopback
from runtime.settings.group import Group
from runtime.settings.secret import Secrets

URL = r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$"


class MomentumNames(Group):
    """What the API calls things. None of it is published: compare with the installation's own description."""

    data: str = Field(default="Data", description="the list of figures in an answer")
    total: str = Field(default="Total", description="how many figures there are on all pages")
    take: str = Field(default="take", description="the parameter with how many figures a page may hold")
    skip: str = Field(default="skip", description="the parameter with how many figures come before the page")
    start: str = Field(default="StartDate", description="of a figure: its first day")
    stop: str = Field(default="StopDate", description="of a figure: the first day after it")
    consumption: str = Field(default="Consumption", description="of a figure: its amount, or null")
    unit: str = Field(default="ConsumptionUnit", description="of a figure: the unit of its amount")


class MomentumApiSettings(Group):
    """Where it is, and who asks: OAuth 2 client credentials."""

    url: str = Field(pattern=URL, description="what the path is appended to")
    path: str = Field(
        default="/api/external/v2/statistics/bykey/{key}/{periodStart}/{periodEnd}/groupbyusage",
        pattern=r"^/\S*\{key\}\S*$",
        description="with {key}, {periodStart} and {periodEnd}",
    )
    token_url: str = Field(pattern=URL, description="the token endpoint")
    client_id: str = Field(min_length=1)
    client_secret: Secrets = Field(description="one, or while it is changed several, tried in this order")
    scope: str | None = None
    ca_file: Path | None = Field(default=None, description="whom https trusts; None: this system's certificates")
    tolerance: Decimal = Field(
        default=Decimal(0), ge=0, description="a difference up to this, in the API's unit, counts as equal"
    )
    unit: str = Field(default="kWh", description="of figures that name none")
    take: int = Field(default=100, ge=1, le=10_000, description="figures per page")
    concurrency: int = Field(default=4, ge=1, le=64, description="requests under way at once")
    requests_per_second: float = Field(default=10.0, gt=0, description="at most")
    attempts: int = Field(default=6, ge=1, le=100, description="of a request that fails for a reason that may pass")
    timeout: float = Field(default=30.0, gt=0, description="seconds of one request")
    names: MomentumNames = MomentumNames()

    @model_validator(mode="after")
    def _keeps_its_secret(self) -> Self:
        for name in ("url", "token_url"):
            address = urlsplit(getattr(self, name))
            if address.scheme != "https" and not is_loopback(address.hostname):
                raise ValueError(f"{name} would send a secret in the clear: use https")
        return self
