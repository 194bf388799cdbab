"""Who may ask: a key in a header, the same key as a bearer token, or a token from the OAuth2 endpoint."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the utility accepts. Tokens live for token_seconds."""

    api_key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    token_seconds: float = 300.0


class Access:
    """Checks requests and hands out tokens; a token of an earlier process is unknown."""

    def __init__(self, credentials: Credentials, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._clock = clock
        self._tokens: dict[str, float] = {}

    def allows(self, headers: Mapping[str, str]) -> bool:
        """Whether a data request with these headers may pass."""
        key = headers.get("X-Api-Key")
        if key is not None:
            return _same(key, self._credentials.api_key)
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        return _same(token, self._credentials.api_key) or self._tokens.get(token, 0.0) > self._clock()

    def issue(self, headers: Mapping[str, str], form: Mapping[str, object]) -> dict[str, object] | None:
        """A token answer for a client-credentials request, credentials in the form or by Basic; None: refused."""
        client, secret = _basic(headers) or (str(form.get("client_id", "")), str(form.get("client_secret", "")))
        known = _same(client, self._credentials.client_id) and _same(secret, self._credentials.client_secret)
        if not known or form.get("grant_type") != "client_credentials":
            return None
        now = self._clock()
        self._tokens = {token: end for token, end in self._tokens.items() if end > now}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = now + self._credentials.token_seconds
        return {"access_token": token, "token_type": "Bearer", "expires_in": self._credentials.token_seconds}


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    scheme, _, encoded = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return client, secret


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
