"""Makes the keys and passwords of the composed system, once, and copies them to the containers that need them.

    docker compose run --rm secrets

The originals are in the volume `secrets`, which nothing else mounts; each container has a volume of its own with
copies. Running it again makes missing secrets and copies all: to rotate one, remove or replace its original.
"""

import datetime
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from keys import Keys, write
from settings import SERVICES

HOME = Path("/secrets")
HERE = "/run/secrets"
ISSUER = "https://login.localhost"
CERTIFICATE_DAYS = 365
_FOR_OTHERS = 0o444  # PostgreSQL has another user id; only its container mounts the volume
_FOR_US = 0o400


class SecretStore:
    """The original secrets, in files; a missing one is made when it is asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.keys = Keys.below(directory)
        self.keys.ensure()

    def password(self, name: str) -> str:
        return self._kept(f"{name}.password", lambda: secrets.token_urlsafe(32).encode()).decode()

    def certificate(self) -> dict[str, bytes]:
        """For the gateway's name on this machine, signed by itself."""
        key, begin, certificate = self._kept("tls.pem", self_signed).partition(b"-----BEGIN CERTIFICATE")
        return {"tls.key": key, "tls.crt": begin + certificate}

    def _kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        path = self._directory / name
        if not path.exists():
            write(path, make())
        return path.read_bytes()


def files_of_volumes(store: SecretStore, smtp_url: str) -> dict[str, dict[str, bytes]]:
    """The files of each volume, by name."""
    keys = store.keys
    people = {"people.jwks.json": keys.jwks.read_bytes()}
    callers = {"services.jwks.json": keys.service_jwks.read_bytes()}
    caller = {"services.pem": keys.service_key.read_bytes()}
    superuser = store.password("postgres")
    passwords = {role: store.password(role) for service in SERVICES for role in _roles(service)}
    addresses = {service: {"database-url": _address(f"{service}_app", service, store)} for service in SERVICES}
    return {
        "database": {"superuser.password": superuser.encode()},
        "databases": {
            "superuser-url": _address("postgres", "postgres", store),
            **{f"{role}.password": password.encode() for role, password in passwords.items()},
        },
        "migrations": {f"{service}-url": _address(f"{service}_owner", service, store) for service in SERVICES},
        "orchestrator": {
            **people,
            **caller,
            **addresses["orchestrator"],
            "reasons.json": keys.reason_keys.read_bytes(),
        },
        "notification": {
            **{**people, **caller, **callers, **addresses["notification"]},
            "smtp-url": smtp_url.encode(),
        },
        "acknowledgement": {
            **{**people, **callers, **addresses["acknowledgement"]},
            "notes.json": keys.note_keys.read_bytes(),
        },
        "gateway": store.certificate(),
        "trial": {
            **people,
            "people.pem": keys.private_key.read_bytes(),
            "stack.json": json.dumps(_description(), indent=2).encode(),
        },
    }


def _roles(service: str) -> list[str]:
    return [f"{service}_{kind}" for kind in ("owner", "app", "read")]


def _address(role: str, database: str, store: SecretStore) -> bytes:
    return f"postgresql://{role}:{store.password(role)}@database:5432/{database}".encode()


def _description() -> Mapping[str, object]:
    """The stack.json that `demo` and `token` read."""
    return {
        "gateway": "http://gateway:8080",
        "mailbox": "/mails/inbox",
        "issuer": ISSUER,
        "audiences": {service: f"{service}-service" for service in SERVICES},
        "private_key": f"{HERE}/people.pem",
        "jwks": f"{HERE}/people.jwks.json",
    }


def self_signed() -> bytes:
    """A new key and a certificate for it, both in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=CERTIFICATE_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("gateway")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem + certificate.public_bytes(serialization.Encoding.PEM)


def hand_out(received: Mapping[str, Mapping[str, bytes]], home: Path) -> None:
    """Write every file; each is replaced in one step, so a reader never sees half of it."""
    for receiver, files in received.items():
        for name, content in files.items():
            path = home / receiver / name
            write(path, content)
            path.chmod(_FOR_OTHERS if receiver == "database" else _FOR_US)


if __name__ == "__main__":
    hand_out(files_of_volumes(SecretStore(HOME / "originals"), os.environ["SMTP_URL"]), HOME)
    print("Every container has its keys and passwords.")
