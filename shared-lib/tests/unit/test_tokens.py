"""Tokens with any fault are refused (RFC 8725), and nothing in a token leads to another address."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from shared_lib.auth.jwks import MAX_AGE_SECONDS, KeySet
from shared_lib.auth.service_tokens import REUSE_SECONDS, ServiceSigner, public_jwk
from shared_lib.auth.tokens import InvalidToken, TokenVerifier
from shared_lib.clock import utc_now
from shared_lib_testing.issuer import ISSUER, Issuer

AUDIENCE = "parcels"
NOW = int(time.time())
"""The moment of these tests, for claims and verifier alike."""


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(
        keys=KeySet(issuer.jwks), issuer=ISSUER, audience=AUDIENCE, clock=lambda: datetime.fromtimestamp(NOW, UTC)
    )


def claims(**difference: Any) -> dict[str, Any]:
    now = NOW
    full = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "kari",
        "iat": now,
        "exp": now + 300,
        "role": "clerk",
        "org_id": "oslo",
    }
    return {name: value for name, value in {**full, **difference}.items() if value is not None}


def signed(issuer: Issuer, content: dict[str, Any], **header: Any) -> str:
    kid = public_jwk(issuer.person_key)["kid"]
    headers = {"kid": kid, **header}
    return jwt.encode(content, issuer.person_key, algorithm="ES256", headers=headers)


def raw(issuer: Issuer, header: str, payload: str) -> str:
    """A token of any text, properly signed."""
    parts = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in (header, payload)]
    signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(b".".join(parts), issuer.person_key)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def test_a_good_token_names_its_principal(verifier: TokenVerifier, issuer: Issuer) -> None:
    principal = verifier.verify(signed(issuer, claims(role=["clerk", "boss"], aud=["other", AUDIENCE])))

    assert (principal.subject, principal.organisation) == ("kari", "oslo")
    assert principal.roles == {"clerk", "boss"}
    assert not principal.is_service


@pytest.mark.parametrize(
    "difference",
    [
        *({name: None} for name in ("iss", "aud", "sub", "exp", "iat")),
        {"iss": "https://elsewhere.test"},
        {"iss": [ISSUER]},
        {"aud": "other"},
        {"aud": []},
        {"aud": [AUDIENCE, 7]},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\nb"},
        {"sub": "x" * 129},
        {"exp": NOW - 60},
        {"exp": NOW + 3700},
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"exp": 1e400},
        {"exp": 10**400},
        {"iat": NOW + 120, "exp": NOW + 240},
        {"iat": "now"},
        {"iat": NOW, "exp": NOW},
        {"nbf": NOW + 120},
        {"nbf": "soon"},
        {"role": 7},
        {"role": {"a": 1}},
        {"role": ["clerk", 7]},
        {"role": ["clerk", ""]},
        {"org_id": 7},
        {"org_id": ["oslo"]},
        {"org_id": ""},
    ],
    ids=str,
)
def test_bad_claims_are_refused(verifier: TokenVerifier, issuer: Issuer, difference: dict[str, Any]) -> None:
    header = json.dumps({"alg": "ES256", "kid": public_jwk(issuer.person_key)["kid"]})
    with pytest.raises(InvalidToken):
        verifier.verify(raw(issuer, header, json.dumps(claims(**difference))))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"kid": None},
        {"kid": 7},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"kid": "unknown", "jku": "http://127.0.0.1:9/keys"},
        {"kid": "unknown", "jwk": {"kty": "oct", "k": "AA"}},
        {"kid": "unknown", "x5u": "http://127.0.0.1:9/cert"},
    ],
    ids=str,
)
def test_bad_headers_are_refused(verifier: TokenVerifier, issuer: Issuer, header: dict[str, Any]) -> None:
    full = {"typ": "JWT", "alg": "ES256", "kid": public_jwk(issuer.person_key)["kid"], **header}
    token = raw(
        issuer, json.dumps({name: value for name, value in full.items() if value is not None}), json.dumps(claims())
    )
    with pytest.raises(InvalidToken):
        verifier.verify(token)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES384", "EdDSA", "", 7])
def test_the_key_decides_the_algorithm(verifier: TokenVerifier, issuer: Issuer, algorithm: Any) -> None:
    header = json.dumps({"alg": algorithm, "kid": public_jwk(issuer.person_key)["kid"]})
    with pytest.raises(InvalidToken):
        verifier.verify(raw(issuer, header, json.dumps(claims())))


def test_duplicate_members_are_refused(verifier: TokenVerifier, issuer: Issuer) -> None:
    kid = public_jwk(issuer.person_key)["kid"]
    twice = json.dumps(claims())[:-1] + ', "role": "boss"}'
    with pytest.raises(InvalidToken):
        verifier.verify(raw(issuer, json.dumps({"alg": "ES256", "kid": kid}), twice))


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "x" * 9000, "eyJ9.eyJ9.", "W10.W10.W10"]
)
def test_shapes_that_are_no_token_are_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(InvalidToken):
        verifier.verify(token)


def test_another_key_under_a_known_name_is_refused(verifier: TokenVerifier, issuer: Issuer) -> None:
    kid = public_jwk(issuer.person_key)["kid"]
    forged = jwt.encode(claims(), generate_private_key(SECP256R1()), algorithm="ES256", headers={"kid": kid})
    with pytest.raises(InvalidToken):
        verifier.verify(forged)


def test_keys_of_services_and_people_are_separate(verifier: TokenVerifier, issuer: Issuer) -> None:
    service_token = issuer.service("post", audience=AUDIENCE)
    services = TokenVerifier(
        keys=KeySet(issuer.service_jwks),
        issuer=ISSUER,
        audience=AUDIENCE,
        clock=utc_now,
        max_lifetime=60,
        for_services=True,
    )

    assert services.verify(service_token).is_service
    with pytest.raises(InvalidToken):
        verifier.verify(service_token)
    with pytest.raises(InvalidToken):
        services.verify(signed(issuer, claims(exp=NOW + 30)))


def test_a_service_token_is_for_one_audience_and_one_minute(issuer: Issuer) -> None:
    signer = ServiceSigner.from_file(issuer.service_key_path, issuer=ISSUER, name="post", clock=utc_now)
    content = jwt.decode(signer.token("parcels"), options={"verify_signature": False})

    assert (content["aud"], content["sub"]) == ("parcels", "post")
    assert content["exp"] - content["iat"] == 60


def test_a_good_token_expires(issuer: Issuer) -> None:
    now = [datetime.fromtimestamp(NOW, UTC)]
    verifier = TokenVerifier(keys=KeySet(issuer.jwks), issuer=ISSUER, audience=AUDIENCE, clock=lambda: now[0])
    token = signed(issuer, claims())
    assert verifier.verify(token).subject == "kari"

    now[0] += timedelta(seconds=331)

    with pytest.raises(InvalidToken, match="time"):
        verifier.verify(token)


def test_a_good_token_is_refused_once_its_key_is_withdrawn(issuer: Issuer, tmp_path: Path) -> None:
    seconds, jwks = [0.0], tmp_path / "keys.json"
    jwks.write_text(json.dumps({"keys": [public_jwk(issuer.person_key)]}))
    keys = KeySet(str(jwks), monotonic=lambda: seconds[0])
    verifier = TokenVerifier(keys=keys, issuer=ISSUER, audience=AUDIENCE, clock=utc_now)
    token = signed(issuer, claims())
    verifier.verify(token)

    jwks.write_text(json.dumps({"keys": [public_jwk(generate_private_key(SECP256R1()))]}))
    seconds[0] += MAX_AGE_SECONDS + 1

    assert not verifier.knows_key_of(token)
    with pytest.raises(InvalidToken, match="key"):
        verifier.verify(token)


def test_a_service_token_is_reused_for_a_third_of_its_lifetime(issuer: Issuer) -> None:
    now = [utc_now()]
    signer = ServiceSigner.from_file(issuer.service_key_path, issuer=ISSUER, name="clerk", clock=lambda: now[0])
    first = signer.token(AUDIENCE)

    assert signer.token(AUDIENCE) == first
    assert signer.token("letters") != first
    now[0] += timedelta(seconds=REUSE_SECONDS)
    assert signer.token(AUDIENCE) != first
    now[0] -= timedelta(hours=1)  # after a clock was set back, no token is from the future
    assert jwt.decode(signer.token(AUDIENCE), options={"verify_signature": False})["iat"] == int(now[0].timestamp())
