"""The webhook's certificates, as a client sees them over TLS: always valid, renewed without a restart."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from revgate.control.webhook.certificates import Certificates, NoCertificateError, Pair, signed_by

HOST = "revgate-webhook.revgate-system.svc"
NOW = datetime.now(UTC)


def authority(name: str = "revgate-webhook") -> Pair:
    """Return an authority as Helm's genCA makes it."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), text)


def put(folder: Path, stem: str, pair: Pair) -> None:
    (folder / f"{stem}.crt").write_bytes(pair.certificate)
    (folder / f"{stem}.key").write_bytes(pair.key)


@pytest.fixture(scope="module")
def helm() -> Pair:
    return authority()


def shown(certificates: Certificates, trusted: Pair, host: str = HOST) -> int:
    """Connect as the API server does, and return the serial number of what it was shown."""

    async def look() -> int:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=certificates.context)
        port = server.sockets[0].getsockname()[1]
        trust = ssl.create_default_context(cadata=trusted.certificate.decode())
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=host)
            der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.close()
            return x509.load_der_x509_certificate(der).serial_number
        finally:
            server.close()

    return asyncio.run(look())


def test_an_authority_signs_what_a_client_of_the_service_trusts(tmp_path: Path, helm: Pair):
    put(tmp_path, "ca", helm)
    certificates = Certificates(tmp_path, HOST)
    expires_at = certificates.refresh(NOW)
    assert expires_at is not None
    assert timedelta(days=6) < expires_at - NOW < timedelta(days=8)
    assert shown(certificates, helm)


def test_an_address_may_stand_in_the_place_of_a_name(tmp_path: Path, helm: Pair):
    put(tmp_path, "ca", helm)
    certificates = Certificates(tmp_path, "10.0.0.1")
    certificates.refresh(NOW)
    assert shown(certificates, helm, "10.0.0.1")


def test_another_host_does_not_get_by_with_it(tmp_path: Path, helm: Pair):
    put(tmp_path, "ca", helm)
    certificates = Certificates(tmp_path, HOST)
    certificates.refresh(NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        shown(certificates, helm, "kubernetes.default.svc")


def test_it_is_renewed_before_it_expires_and_no_sooner(tmp_path: Path, helm: Pair):
    put(tmp_path, "ca", helm)
    certificates = Certificates(tmp_path, HOST)
    certificates.refresh(NOW - timedelta(days=5))
    first = shown(certificates, helm)
    assert certificates.refresh(NOW - timedelta(days=2)) is None
    assert shown(certificates, helm) == first
    assert certificates.refresh(NOW) is not None
    assert shown(certificates, helm) != first


def test_another_authority_is_followed_without_a_restart(tmp_path: Path, helm: Pair):
    put(tmp_path, "ca", helm)
    certificates = Certificates(tmp_path, HOST)
    certificates.refresh(NOW)
    another = authority("another")
    put(tmp_path, "ca", another)
    assert certificates.refresh(NOW) is not None
    assert shown(certificates, another)


def test_a_certificate_that_somebody_else_renews_is_shown_as_it_is(tmp_path: Path, helm: Pair):
    put(tmp_path, "tls", signed_by(helm, HOST, NOW))
    certificates = Certificates(tmp_path, HOST)
    certificates.refresh(NOW)
    first = shown(certificates, helm)
    assert certificates.refresh(NOW + timedelta(days=6)) is None
    put(tmp_path, "tls", signed_by(helm, HOST, NOW))
    assert certificates.refresh(NOW + timedelta(days=6)) is not None
    assert shown(certificates, helm) != first


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path):
    with pytest.raises(NoCertificateError, match=r"has neither tls\.crt and tls\.key nor ca\.crt and ca\.key"):
        Certificates(tmp_path, HOST).refresh(NOW)


@pytest.mark.parametrize("stem", ["tls", "ca"])
def test_what_is_broken_is_refused_and_what_was_good_is_shown_further_on(tmp_path: Path, helm: Pair, stem: str):
    good = helm if stem == "ca" else signed_by(helm, HOST, NOW)
    put(tmp_path, stem, good)
    certificates = Certificates(tmp_path, HOST)
    certificates.refresh(NOW)
    before = shown(certificates, helm)
    for broken in (Pair(b"no PEM", b"no PEM"), Pair(b"", b""), Pair(good.certificate, authority().key)):
        put(tmp_path, stem, broken)
        if stem == "ca" and broken.certificate == good.certificate:
            continue  # a key that does not belong to its authority is found by the client only
        with pytest.raises(NoCertificateError, match="could not be used"):
            certificates.refresh(NOW)
        assert shown(certificates, helm) == before
    put(tmp_path, stem, good)
    certificates.refresh(NOW)
    assert shown(certificates, helm)
