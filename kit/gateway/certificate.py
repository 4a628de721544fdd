"""The gateway's certificate: checked, or made for localhost, for learning and tests where no authority issues one."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kit.gateway.errors import GatewayError
from kit.gateway.keys import write_private
from kit.workspace import write_atomically

CERTIFICATE, KEY = "certificate.pem", "key.pem"
_DAYS = 30
_BEFORE = dt.timedelta(minutes=5)  # clocks may differ


def check_certificate(chain: Path, key: Path) -> None:
    """Check what Envoy does not: it starts with a certificate that every caller refuses.

    Raises:
        GatewayError: when a file is missing, or the certificate is not valid now.
    """
    for path in (chain, key):
        if not path.is_file():
            raise GatewayError(
                f"The files of gateway.tls must be there, but {path} is not. Put it there, or make one for this "
                "machine: kit gateway certificate."
            )
    try:
        [own, *_] = x509.load_pem_x509_certificates(chain.read_bytes())
    except ValueError:  # Envoy says what is wrong with it
        return
    first, last = own.not_valid_before_utc, own.not_valid_after_utc
    if not first <= dt.datetime.now(dt.UTC) <= last:
        raise GatewayError(
            f"The certificate of gateway.tls must be valid now, but {chain} is valid from {first:%Y-%m-%d %H:%M} to "
            f"{last:%Y-%m-%d %H:%M} UTC: every caller would refuse it. Put a new one there, or make one for this "
            "machine: kit gateway certificate."
        )


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for localhost that is valid for 30 days, and its key (P-256).

    Returns:
        The files of the certificate and of the key.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    hosts: list[x509.GeneralName] = [x509.DNSName("localhost")]
    hosts += [x509.IPAddress(ipaddress.ip_address(number)) for number in ("127.0.0.1", "::1")]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The certificate last: Envoy rereads both when a file of the folder is replaced.
    write_private(folder / KEY, pem)
    write_atomically(folder / CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))
    return folder / CERTIFICATE, folder / KEY
