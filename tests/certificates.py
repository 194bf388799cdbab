"""Authorities, and certificates that they issue: good ones, and each kind of bad one. PEM files in a folder."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption
from cryptography.x509.oid import NameOID

HERE = ("localhost", "127.0.0.1")
"""The names under which services of this machine are asked for."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as files; ``both``: one file with the two."""

    certificate: Path
    key: Path
    both: Path
    valid_until: datetime


class Authority:
    """Signs certificates."""

    def __init__(self, folder: Path, name: str, days: float = 30.0) -> None:
        """Makes ``<name>.pem`` in the folder, and what it issues beside it."""
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            self._builder(self._name, self._key, days)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, days: float = 30.0, hosts: tuple[str, ...] = HERE, password: str | None = None) -> Pair:
        """A certificate for a name, for clients and servers alike.

        Args:
            name: the common name, and that of the files.
            days: how long it is valid from now; negative: it expired so many days ago.
            hosts: names and addresses that it holds.
            password: what its key is encrypted with.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(_named(name), key, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
        public = certificate.public_bytes(serialization.Encoding.PEM)
        pair = Pair(
            certificate=self._folder / f"{name}.pem",
            key=self._folder / f"{name}.key",
            both=self._folder / f"{name}.both.pem",
            valid_until=certificate.not_valid_after_utc,
        )
        pair.certificate.write_bytes(public)
        pair.key.write_bytes(secret)
        pair.both.write_bytes(secret + public)
        return pair

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: float) -> x509.CertificateBuilder:
        until = datetime.now(UTC) + timedelta(days=days)
        authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(datetime.now(UTC), until) - DAY)
            .not_valid_after(until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(authority_id, critical=False)
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
