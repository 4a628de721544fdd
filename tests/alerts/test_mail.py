"""Mail goes to a server that asks for encryption and a password, which is written nowhere."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts.conftest import Place
from alerts.receivers import Inbox, Login, mail_server
from kit.alerts.channel import Delivered, Later, Refused
from kit.alerts.config import AlertSettings, Email
from kit.alerts.notify import AlertSummary

PETS = "category=pets"
PASSWORD = "s3cret-canary"  # noqa: S105  what must not be found anywhere


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its certificate for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server of a test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(private + signed.public_bytes(pem))
    return file


@pytest.fixture
def login(certificate: Path) -> Login:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return Login(context, "kit", PASSWORD)


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("KIT_TEST_PASSWORD", PASSWORD)


def mail(inbox: Inbox, **more: object) -> AlertSettings:
    addresses = {"sender": "kit@example.org", "recipients": ["ann@example.org", "bob@example.org"]}
    values = {"host": "127.0.0.1", "port": inbox.port, **addresses, **more}
    return AlertSettings(email=Email.model_validate(values))


def signed_in(inbox: Inbox) -> AlertSettings:
    return mail(inbox, starttls=True, user="kit", password_variable="KIT_TEST_PASSWORD")  # noqa: S106  a name


def files_with_password(place: Place) -> list[Path]:
    files = [path for path in place.folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if PASSWORD.encode() in path.read_bytes()]


def refused(told: AlertSummary) -> str:
    [sent] = told.sent
    assert isinstance(sent.outcome, Refused)
    assert PASSWORD not in told.message
    return sent.outcome.problem


@pytest.mark.usefixtures("trusted")
def test_a_password_is_given_to_an_encrypted_server_and_written_nowhere(place: Place, login: Login) -> None:
    with mail_server(login) as inbox:
        told = place.tell(place.alerts(signed_in(inbox)), PETS)
    assert [one.outcome for one in told.sent] == [Delivered()]
    assert [mail["To"] for mail in inbox.mails] == ["ann@example.org, bob@example.org"]
    assert not files_with_password(place)


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_said_and_written_nowhere(place: Place, login: Login) -> None:
    with mail_server(Login(login.context, "kit", "another")) as inbox:
        told = place.tell(place.alerts(signed_in(inbox)), PETS)
    assert refused(told) == "the server refused user or password (535)"
    assert not files_with_password(place)


def test_a_server_that_nobody_vouches_for_gets_nothing(
    place: Place, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_TEST_PASSWORD", PASSWORD)
    with mail_server(login) as inbox:
        [sent] = place.tell(place.alerts(signed_in(inbox)), PETS).sent
    assert isinstance(sent.outcome, Later)
    assert "certificate verify failed" in sent.outcome.problem
    assert not inbox.bodies


@pytest.mark.usefixtures("trusted")
def test_no_password_goes_to_a_server_without_encryption(place: Place) -> None:
    with mail_server() as inbox:
        told = place.tell(place.alerts(signed_in(inbox)), PETS)
    assert "STARTTLS extension not supported" in refused(told)
    assert (inbox.asked, inbox.bodies) == (0, [])


@pytest.mark.usefixtures("trusted")
def test_a_password_that_smtp_cannot_say_is_not_shown(
    place: Place, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_TEST_PASSWORD", "geheimnisträger")
    with mail_server(login) as inbox:
        told = place.tell(place.alerts(signed_in(inbox)), PETS)
    assert refused(told) == "the user and the password must be ASCII"


def test_who_of_several_was_refused_is_said_and_nobody_gets_it_twice(place: Place) -> None:
    with mail_server() as inbox:
        inbox.answers = [250, 550]
        told = place.tell(place.alerts(mail(inbox)), PETS)
    assert refused(told) == "the server refused bob@example.org (550); the others have it"
    assert len(inbox.bodies) == 1
