"""An authority of one's own and what it signs: trusted for the names asked for, and for nothing else."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from ownclimate.certificates import make_certificate
from ownclimate.core.errors import InvalidInput


def names_of(file: Path) -> list[str]:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


def handshake(files, name: str) -> None:
    """A TLS handshake in memory. Raises ssl.SSLError when the client does not trust it."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(files.certificate, files.key)
    asking = ssl.create_default_context(cafile=files.authority)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server, server_hostname=name)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_it_is_trusted_for_its_names_by_whoever_trusts_the_authority(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, ["api.netatmo.com", "127.0.0.1"])

    assert names_of(files.certificate) == ["api.netatmo.com", "127.0.0.1"]
    handshake(files, "api.netatmo.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, "api.example.com")


def test_another_certificate_keeps_the_authority(tmp_path: Path) -> None:
    first = make_certificate(tmp_path, ["a.example"]).authority.read_bytes()
    files = make_certificate(tmp_path, ["b.example"])

    assert files.authority.read_bytes() == first
    handshake(files, "b.example")


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, ["a.example"])

    for file in (files.key, files.authority_key):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "a b", "http://a.example", "-", "ä.example"])
def test_what_is_no_host_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        make_certificate(tmp_path, [name])
