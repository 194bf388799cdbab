"""Encryption and login towards a server: what is trusted, and who we are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from runtime.loopback import is_loopback
from runtime.settings.group import Group
from runtime.settings.secret import Secret

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


class TlsSettings(Group):
    """Certificates, as PEM files."""

    ca_file: Path | None = Field(default=None, description="whom we trust; None: the certificates of this system")
    certificate_file: Path | None = Field(default=None, description="our own, for mutual TLS, with what is between")
    key_file: Path | None = Field(default=None, description="the certificate's private key")
    key_password: Secret | None = Field(default=None, description="for an encrypted key")
    check_hostname: bool = Field(default=True, description="the server's certificate must hold the name we ask for")

    def contradictions(self) -> Iterator[str]:
        """What cannot be meant."""
        if (self.certificate_file is None) != (self.key_file is None):
            yield "tls.certificate_file and tls.key_file go together: set both or neither"
        if self.key_password is not None and self.key_file is None:
            yield "tls.key_password is for tls.key_file: set that too"

    @property
    def is_set(self) -> bool:
        """Whether anything of it was asked for."""
        return self != TlsSettings()


class OAuthSettings(Group):
    """OAuth 2 client credentials, for OAUTHBEARER."""

    token_url: str = Field(pattern=r"^https?://[^\s/@]+(/[^\s@]*)?$", description="the token endpoint")
    client_id: str = Field(min_length=1)
    client_secret: Secret
    scope: str | None = None
    ca_file: Path | None = Field(default=None, description="whom the endpoint's https trusts; None: this system's")
    timeout: float = Field(default=5.0, gt=0, le=60.0, description="seconds")

    @property
    def guarded(self) -> bool:
        """Whether nobody on the way can read the secret: https, or this machine itself."""
        address = urlsplit(self.token_url)
        return address.scheme == "https" or is_loopback(address.hostname)


class SaslSettings(Group):
    """Who we are."""

    mechanism: Mechanism | None = None
    username: str | None = Field(default=None, min_length=1)
    password: Secret | None = None
    oauth: OAuthSettings | None = None

    def contradictions(self) -> Iterator[str]:
        """What is missing for the mechanism, and what it cannot use."""
        if self.mechanism is None:
            yield "sasl.mechanism is missing: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"
            return
        if self.oauth is not None and not self.oauth.guarded:
            yield "sasl.oauth.token_url would send the client's secret in the clear: use https"
        bearer = self.mechanism == "OAUTHBEARER"
        if bearer != (self.oauth is not None):
            yield f"sasl.mechanism {self.mechanism} " + (
                "needs [kafka.sasl.oauth]" if bearer else "has no use for sasl.oauth: remove it"
            )
        for name in ("username", "password"):
            there = getattr(self, name) is not None
            if there == bearer:
                yield f"sasl.mechanism {self.mechanism} " + (
                    f"has no use for sasl.{name}: remove it" if bearer else f"needs sasl.{name}"
                )

    @property
    def is_set(self) -> bool:
        """Whether anything of it was asked for."""
        return self != SaslSettings()
