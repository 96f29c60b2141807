"""An issuer of tokens for tests, with real keys, JWKS files and signatures."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from shared_lib.auth.service_tokens import ServiceSigner, public_jwk
from shared_lib.clock import utc_now

ISSUER = "https://issuer.test"


@dataclass(frozen=True)
class Issuer:
    """Signs tokens of people and of services, with a key for each. Its key files are in the directory."""

    directory: Path
    person_key: EllipticCurvePrivateKey
    service_key: EllipticCurvePrivateKey

    @property
    def jwks(self) -> str:
        """The path of the JWKS of people."""
        return str(self.directory / "people.jwks")

    @property
    def service_jwks(self) -> str:
        """The path of the JWKS of services."""
        return str(self.directory / "services.jwks")

    @property
    def service_key_path(self) -> str:
        """The path of the private key of services, in PEM."""
        return str(self.directory / "service.pem")

    def environ(self, **more: str) -> dict[str, str]:
        """The settings with which a service trusts this issuer, and more."""
        return {
            "JWT_JWKS": self.jwks,
            "SERVICE_JWKS": self.service_jwks,
            "SERVICE_KEY": self.service_key_path,
            "JWT_ISSUER": ISSUER,
            **more,
        }

    def person(
        self, subject: str, role: str | list[str], organisation: str | None, *, audience: str, **claims: Any
    ) -> str:
        """A token of a person, valid for five minutes; `claims` are added or replace."""
        now = int(time.time())
        content = {"iss": ISSUER, "aud": audience, "sub": subject, "iat": now, "exp": now + 300, "role": role}
        if organisation is not None:
            content["org_id"] = organisation
        kid = public_jwk(self.person_key)["kid"]
        return jwt.encode({**content, **claims}, self.person_key, algorithm="ES256", headers={"kid": kid})

    def service(self, name: str, *, audience: str) -> str:
        """A token of a service with this name, valid for a minute."""
        return ServiceSigner.from_file(self.service_key_path, issuer=ISSUER, name=name, clock=utc_now).token(audience)


def bearer(token: str) -> dict[str, str]:
    """The headers with this token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """The issuer of this test session."""
    made = Issuer(
        tmp_path_factory.mktemp("issuer"), generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    )
    Path(made.jwks).write_text(json.dumps({"keys": [public_jwk(made.person_key)]}))
    Path(made.service_jwks).write_text(json.dumps({"keys": [public_jwk(made.service_key)]}))
    pem = made.service_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    Path(made.service_key_path).write_bytes(pem)
    return made
