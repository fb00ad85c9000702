"""The webhook's certificate, always a fresh one, without a restart and without a right on the API server.

A folder, usually a Secret that the kubelet mounts, has either `tls.crt` and `tls.key`, renewed by somebody else
(cert-manager), or `ca.crt` and `ca.key`. With these each replica signs for itself what it shows for a few days.
"""

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE: Final = timedelta(days=7)
_RENEWED_BEFORE: Final = timedelta(days=3)
_CLOCKS_DIFFER: Final = timedelta(hours=1)


class NoCertificateError(Exception):
    """The folder has nothing that a server could show."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with what belongs to it, and its key, in PEM."""

    certificate: bytes
    key: bytes

    @property
    def expires_at(self) -> datetime:
        """When the certificate is worth nothing any more."""
        return x509.load_pem_x509_certificate(self.certificate).not_valid_after_utc


class Certificates:
    """What the server shows: `context` is used for every new connection, `refresh` keeps it fresh."""

    def __init__(self, folder: Path, host: str) -> None:
        self._folder = folder
        self._host = host
        self._source: Pair | None = None
        self._shown: Pair | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2

    def refresh(self, now: datetime) -> datetime | None:
        """Show the certificate that is right now; return until when a new one is valid, None when nothing changed.

        Raises:
            NoCertificateError: if the folder has none that can be used; what was shown before is shown further on.
        """
        try:
            is_authority, source = self._read()
            if source == self._source and self._shown and now < self._shown.expires_at - _RENEWED_BEFORE:
                return None
            shown = signed_by(source, self._host, now) if is_authority else source
            if shown == self._shown:
                return None
            expires_at = shown.expires_at
            self._show(shown)
        except (OSError, ValueError, TypeError) as error:
            raise NoCertificateError(f"Certificate in {self._folder} could not be used: {error}") from error
        self._source, self._shown = source, shown
        return expires_at

    def _read(self) -> tuple[bool, Pair]:
        """Return what the folder has, and whether it is an authority that signs."""
        for stem in ("tls", "ca"):
            certificate, key = self._folder / f"{stem}.crt", self._folder / f"{stem}.key"
            if certificate.is_file() and key.is_file():
                return stem == "ca", Pair(certificate.read_bytes(), key.read_bytes())
        raise NoCertificateError(
            f"Folder {self._folder} has neither tls.crt and tls.key nor ca.crt and ca.key: mount the Secret there"
        )

    def _show(self, pair: Pair) -> None:
        """Python takes certificates from files only; this one is gone as soon as it was read."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(pair.key + b"\n" + pair.certificate)
            file.flush()
            self.context.load_cert_chain(file.name)


def signed_by(authority: Pair, host: str, now: datetime) -> Pair:
    """Return a new key with a certificate for a host, signed by an authority."""
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    authority_key = serialization.load_pem_private_key(authority.key, password=None)
    if not isinstance(authority_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError("the key of the authority is neither RSA nor of an elliptic curve")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([_name_of(host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), text)


def _name_of(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
