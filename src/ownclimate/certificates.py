"""Certificates of one's own: an authority that the owner's machines trust, and what it signs.

With one for a vendor's host name, an app that cannot change its base URL can be led here: its machine
resolves that name to this server and trusts the authority. Keys never leave the data folder's key folder.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ownclimate.config import KEYS, Settings
from ownclimate.core.errors import InvalidInput

FOLDER: Final = "tls"
AUTHORITY_DAYS: Final = 3650
CERTIFICATE_DAYS: Final = 397
"""Browsers and some libraries refuse certificates that last longer."""
_CLOCK_SLACK: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """`authority` is what the machines of apps have to trust; it is no secret."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def authority_key(self) -> Path:
        return self.folder / "authority.key"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.folder / "certificate.key"


def files_in(data: Path) -> TlsFiles:
    return TlsFiles(data / KEYS / FOLDER)


def served_files(data: Path, settings: Settings) -> tuple[Path, Path]:
    """Certificate chain and key of the TLS port: the settings', else the folder's own.

    Raises InvalidInput when a file is missing or does not fit the other.
    """
    own = files_in(data)
    certificate = Path(settings.tls_certificate) if settings.tls_certificate else own.certificate
    key = Path(settings.tls_key) if settings.tls_key else own.key
    for file in (certificate, key):
        if not file.is_file():
            advice = "make one with `ownclimate certificate NAME`"
            raise InvalidInput("tls_port", f"{file} is missing; {advice}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise InvalidInput("tls_certificate", f"{certificate} and {key}: {error}") from error
    return certificate, key


def valid_until(certificate: Path) -> datetime:
    """When the first certificate of the chain ends."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def make_certificate(data: Path, names: Sequence[str], now: datetime | None = None) -> TlsFiles:
    """A certificate for these host names and addresses, signed by the folder's own authority.

    The authority is made once; a certificate replaces the one before. Raises InvalidInput for a name
    that is none.
    """
    at = now or datetime.now(UTC)
    subjects = [_general_name(name) for name in names]
    if not subjects:
        raise InvalidInput("name", "expected at least one host name")
    files = files_in(data)
    files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority, authority_key = _authority(files, at)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_named(names[0]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _CLOCK_SLACK)
        .not_valid_after(at + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(files.key, key)
    files.certificate.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + authority.public_bytes(serialization.Encoding.PEM)
    )
    return files


def _authority(files: TlsFiles, at: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    if files.authority.is_file() and files.authority_key.is_file():
        known = serialization.load_pem_private_key(files.authority_key.read_bytes(), password=None)
        assert isinstance(known, ec.EllipticCurvePrivateKey), "we made it"
        return x509.load_pem_x509_certificate(files.authority.read_bytes()), known
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("ownclimate of this household")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _CLOCK_SLACK)
        .not_valid_after(at + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(files.authority_key, key)
    files.authority.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return made, key


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    labels = name.removeprefix("*.").split(".")
    if not all(label and label.isascii() and label.replace("-", "").isalnum() for label in labels):
        raise InvalidInput("name", f"{name!r} is no host name")
    return x509.DNSName(name)


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Readable by its owner only, from the first byte on."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.unlink(missing_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(pem)
