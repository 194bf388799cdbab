"""Certificates and keys of the settings: what no connection can be made with is said before one is tried."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.errors import ConfigError
from runtime.settings.security import TlsSettings
from runtime.tls import tls_context, tls_problems
from tests.certificates import Authority


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "authority")


def problems(**settings: object) -> list[str]:
    return list(tls_problems("kafka.tls", TlsSettings.model_validate(settings), {"PASSWORD": "right"}))


def test_a_pair_and_its_authority_make_a_context(authority: Authority) -> None:
    pair = authority.issue("good")
    settings = TlsSettings(ca_file=authority.file, certificate_file=pair.certificate, key_file=pair.key)
    context = tls_context("kafka.tls", settings, {})
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert [found["subject"] for found in context.get_ca_certs()] == [((("commonName", "authority"),),)]


def test_without_a_file_the_authorities_of_the_system_are_trusted() -> None:
    assert tls_context("kafka.tls", TlsSettings(), {}).verify_mode == ssl.CERT_REQUIRED


def test_a_name_that_is_not_checked_leaves_the_certificate_checked(authority: Authority) -> None:
    context = tls_context("kafka.tls", TlsSettings(ca_file=authority.file, check_hostname=False), {})
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_REQUIRED)


def test_an_expired_certificate_is_named_with_its_date(authority: Authority) -> None:
    pair = authority.issue("expired", days=-3)
    (found,) = problems(certificate_file=pair.certificate, key_file=pair.key)
    assert found == f"kafka.tls.certificate_file: {pair.certificate} expired on {pair.valid_until:%Y-%m-%d}: renew it"


def test_an_expired_authority_is_named(folder: Path) -> None:
    file = Authority(folder, "old", days=-1).file
    (found,) = problems(ca_file=file)
    assert found.startswith(f"kafka.tls.ca_file: {file} expired on 2")


def test_of_several_authorities_one_that_is_valid_is_enough(folder: Path, authority: Authority) -> None:
    bundle = folder / "bundle.pem"
    bundle.write_bytes(Authority(folder, "older", days=-1).file.read_bytes() + authority.file.read_bytes())
    assert problems(ca_file=bundle) == []


def test_a_key_of_another_certificate_is_no_pair(authority: Authority) -> None:
    one, other = authority.issue("one"), authority.issue("other")
    (found,) = problems(certificate_file=one.certificate, key_file=other.key)
    assert found == f"kafka.tls.key_file: {other.key} is not the key of {one.certificate}: give the pair"


def test_an_encrypted_key_needs_its_password(authority: Authority) -> None:
    pair = authority.issue("locked", password="right")
    files = {"certificate_file": pair.certificate, "key_file": pair.key}
    assert problems(**files) == [f"kafka.tls.key_file: {pair.key} is encrypted: set kafka.tls.key_password"]
    assert problems(**files, key_password="false") == [
        f"kafka.tls.key_file: {pair.key} cannot be decrypted: is kafka.tls.key_password the right one?"
    ]
    assert problems(**files, key_password={"env": "MISSING"}) == [
        "kafka.tls.key_password: environment variable MISSING is not set"
    ]
    assert problems(**files, key_password={"env": "PASSWORD"}) == []


SPOILT: list[tuple[Callable[[Path], object], str]] = [
    (lambda file: file.unlink(), "cannot be read: No such file or directory"),
    (lambda file: file.write_text("nothing of use"), "no certificate in PEM form"),
    (lambda file: file.write_bytes(b"\xff\xfe"), "is not in PEM form"),
]


@pytest.mark.parametrize(("spoil", "says"), SPOILT)
def test_files_that_are_no_certificates_are_named_all_at_once(
    folder: Path, authority: Authority, spoil: Callable[[Path], object], says: str
) -> None:
    pair, trusted = authority.issue("spoilt"), Authority(folder, "spoilt-ca").file
    for file in (pair.certificate, trusted):
        spoil(file)
    found = problems(ca_file=trusted, certificate_file=pair.certificate, key_file=pair.key)
    assert [line.split(":")[0] for line in found] == ["kafka.tls.ca_file", "kafka.tls.certificate_file"]
    assert all(says in line for line in found)


def test_a_key_file_without_a_key_is_named(authority: Authority) -> None:
    pair = authority.issue("keyless")
    pair.key.write_text("nothing")
    (found,) = problems(certificate_file=pair.certificate, key_file=pair.key)
    assert found == f"kafka.tls.key_file: {pair.key} is not a private key in PEM form"


def test_the_error_carries_every_line(authority: Authority) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        tls_context("kafka.tls", TlsSettings(ca_file=Path("missing.pem")), {})
