"""A stand-in for an OAuth 2 server: signed tokens for client credentials, and the keys that check them."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_ID = "of-this-test"
AUDIENCE = "kafka"
ISSUER = "https://login.example"


class TokenEndpoint:
    """``/token`` and ``/jwks`` on loopback.

    ``clients`` and their secrets; ``audiences``: for whom a client's tokens are meant, if not for the broker.
    """

    def __init__(self, clients: dict[str, str]) -> None:
        self.clients = clients
        self.audiences: dict[str, str] = {}
        self.life = 3_600
        self.broken = False
        self.requests: list[dict[str, str]] = []
        self.tokens: list[str] = []
        self._key = rsa.generate_private_key(65537, 2048)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, outer.keys())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                outer.requests.append(form)
                if outer.broken:
                    self._answer(503, {})
                elif outer.clients.get(form["client_id"]) != form["client_secret"]:
                    self._answer(401, {"error": "invalid_client"})
                else:
                    token = outer.token(form["client_id"])
                    self._answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": outer.life})

            def _answer(self, status: int, content: object) -> None:
                data = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "TokenEndpoint":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def keys(self) -> dict[str, Any]:
        """A JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": KEY_ID,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        return {"keys": [key]}

    def token(self, subject: str) -> str:
        """A signed token (RFC 7519)."""
        now = int(time.time())
        audience = self.audiences.get(subject, AUDIENCE)
        claims = {"sub": subject, "aud": audience, "iss": ISSUER, "scope": "kafka", "iat": now, "exp": now + self.life}
        head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
        signed = ".".join(_text(json.dumps(part).encode()) for part in (head, claims))
        token = f"{signed}.{_text(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
        self.tokens.append(token)
        return token


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(number: int) -> str:
    return _text(number.to_bytes((number.bit_length() + 7) // 8))
