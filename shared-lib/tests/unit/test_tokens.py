"""Tokens with any fault are refused (RFC 8725), and nothing in a token leads to another address."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from shared_lib.auth.jwks import MAX_AGE_SECONDS, KeySet
from shared_lib.auth.service_tokens import REUSE_SECONDS, ServiceSigner, public_jwk
from shared_lib.auth.tokens import FAULTS, ClaimNames, InvalidToken, TokenVerifier
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


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


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
    "role",
    [
        ["clerk", "Likepersonleder Ålesund"],
        ["Likepersonleder Ålesund", "clerk", "offline_access"],
        ["clerk", 7, None, "", {"a": 1}, ["boss"]],
        ["clerk", "x" * 300, "a\nb"],
    ],
    ids=str,
)
def test_roles_that_are_not_ours_change_nothing(verifier: TokenVerifier, issuer: Issuer, role: Any) -> None:
    roles = verifier.verify(signed(issuer, claims(role=role))).roles
    assert roles & {"clerk", "boss"} == {"clerk"}


@pytest.mark.parametrize("role", [None, 7, {"clerk": 1}, [], "Ålesund"], ids=str)
def test_without_a_role_of_ours_a_token_has_none(verifier: TokenVerifier, issuer: Issuer, role: Any) -> None:
    assert "clerk" not in verifier.verify(signed(issuer, claims(role=role))).roles


KEYCLOAK = {"realm_access": {"roles": ["clerk"]}, "resource_access": {"my.portal": {"roles": ["clerk"]}}}


@pytest.mark.parametrize(
    ("names", "difference"),
    [
        (ClaimNames(role="realm_access.roles"), KEYCLOAK),
        (ClaimNames(role="resource_access.my.portal.roles"), KEYCLOAK),
        (ClaimNames(role="https://portal.example.no/roles"), {"https://portal.example.no/roles": "clerk"}),
        (
            ClaimNames(role="roles", organisation="extension.org", subject="oid"),
            {"roles": ["clerk"], "org_id": None, "extension": {"org": "oslo"}, "sub": "x", "oid": "kari"},
        ),
        (
            ClaimNames(role="groups", role_map={"6f1c-group": "clerk", "other": "boss"}),
            {"groups": ["6f1c-group", "clerk?"]},
        ),
        (ClaimNames(role_prefix="portal:"), {"role": ["portal:clerk", "boss", "other:boss"]}),
        (ClaimNames(role_prefix="portal:", role_map={"Saksbehandler": "clerk"}), {"role": "portal:Saksbehandler"}),
    ],
    ids=str,
)
def test_claims_are_found_where_providers_put_them(
    issuer: Issuer, names: ClaimNames, difference: dict[str, Any]
) -> None:
    verifier = TokenVerifier(
        keys=KeySet(issuer.jwks), issuer=ISSUER, audience=AUDIENCE, clock=utc_now, claims=names, max_lifetime=300
    )
    principal = verifier.verify(signed(issuer, claims(**{"role": ["boss"], **difference})))
    assert (principal.subject, principal.organisation, principal.roles) == ("kari", "oslo", {"clerk"})


@pytest.mark.parametrize(
    "path", ["realm_access.role", "realm_access.roles.x", "sub.x", ".", "..", "a.b", "realm_access."]
)
def test_a_path_that_leads_nowhere_finds_no_role(issuer: Issuer, path: str) -> None:
    assert ClaimNames(role=path).roles(claims(**KEYCLOAK)) == frozenset()


def test_a_map_replaces_the_names_and_refuses_roles_that_have_ours_by_chance() -> None:
    assert ClaimNames(role_map={"A": "clerk"}).roles({"role": ["A", "boss"]}) == {"clerk"}


@pytest.mark.parametrize(
    ("limit", "seconds", "is_good"), [(3600, 4500, False), (4500, 4500, True), (4500, 4501, False)]
)
def test_the_lifetime_of_a_token_has_a_limit(issuer: Issuer, limit: int, seconds: int, is_good: bool) -> None:
    verifier = TokenVerifier(
        keys=KeySet(issuer.jwks), issuer=ISSUER, audience=AUDIENCE, clock=utc_now, max_lifetime=limit
    )
    token = signed(issuer, claims(exp=NOW + seconds))
    if is_good:
        assert verifier.verify(token).subject == "kari"
    else:
        with pytest.raises(InvalidToken, match="lifetime"):
            verifier.verify(token)


RSA, P384, P521 = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP521R1()),
)


@pytest.mark.parametrize(
    ("key", "given", "algorithm", "is_good"),
    [
        (RSA, {"alg": "PS256"}, "PS256", True),
        (RSA, {"alg": "PS256"}, "RS256", False),
        (RSA, {"alg": "RS256"}, "PS256", False),
        (RSA, {}, "RS256", True),
        (RSA, {}, "PS256", False),
        (RSA, {"alg": "RS512"}, "RS512", False),
        (P384, {"alg": "ES384"}, "ES384", True),
        (P384, {}, "ES384", True),
        (P384, {"alg": "ES256"}, "ES384", False),
        (P521, {"alg": "ES512"}, "ES512", False),
        (ed25519.Ed25519PrivateKey.generate(), {}, "EdDSA", True),
    ],
)
def test_a_key_has_the_one_algorithm_of_its_kind(
    key: Any, given: dict[str, str], algorithm: str, is_good: bool, tmp_path: Path
) -> None:
    to_jwk: Any = jwt.get_algorithm_by_name(algorithm).to_jwk
    jwks = tmp_path / "keys.json"
    jwks.write_text(json.dumps({"keys": [{**json.loads(to_jwk(key.public_key())), "kid": "k", **given}]}))
    verifier = TokenVerifier(keys=KeySet(str(jwks)), issuer=ISSUER, audience=AUDIENCE, clock=utc_now)
    content, header = claims(), {"kid": "k", "alg": algorithm}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, content)]
    signature = jwt.get_algorithm_by_name(algorithm).sign(b".".join(parts), key)
    token = b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
    if is_good:
        assert verifier.verify(token).subject == "kari"
    else:
        with pytest.raises(InvalidToken, match="key"):
            verifier.verify(token)


@pytest.mark.parametrize(
    "subject", ["-v-l9_jYdAqJLhBkXZx0kq3c=", "auth0|5f7c8ec7c33c", "google-oauth2|1042", "a" * 128]
)
def test_ids_of_providers_are_subjects(verifier: TokenVerifier, issuer: Issuer, subject: str) -> None:
    assert verifier.verify(signed(issuer, claims(sub=subject))).subject == subject


@pytest.mark.parametrize(
    ("difference", "fault"),
    [
        ({"exp": NOW - 60}, "expired"),
        ({"nbf": NOW + 60}, "early"),
        ({"exp": NOW + 4000}, "lifetime"),
        ({"iss": "other"}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"sub": None}, "claim"),
        ({"sub": 7}, "claim"),
        ({"iat": "now"}, "claim"),
    ],
    ids=str,
)
def test_a_fault_has_a_code_and_a_sentence(
    verifier: TokenVerifier, issuer: Issuer, difference: dict[str, Any], fault: str
) -> None:
    header = json.dumps({"alg": "ES256", "kid": public_jwk(issuer.person_key)["kid"]})
    with pytest.raises(InvalidToken, match=f"^{fault}$"):
        verifier.verify(raw(issuer, header, json.dumps(claims(**difference))))


def test_every_sentence_may_stand_in_a_challenge() -> None:
    assert all(re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", sentence) for sentence in FAULTS.values())


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

    with pytest.raises(InvalidToken, match="expired"):
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
    verifier.verify(token)  # with the loaded key, while the file is read again
    until(lambda: not verifier.knows_key_of(token))

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
