"""A signature is verified once; everything that can change is looked at every time."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from shared_lib.clock import utc_now
from shared_lib.jwk import public_jwk
from shared_lib.keys import FRESH_SECONDS, KeySet
from shared_lib.proven_tokens import MOST, ProvenTokens
from shared_lib.service_tokens import REUSED_SECONDS, ServiceSigner
from shared_lib.testing.issuer import ISSUER, Issuer
from shared_lib.tokens import InvalidToken, TokenVerifier

AUDIENCE = "parcels"


class World:
    """A verifier whose clocks and keys are in the test's hand."""

    def __init__(self, directory: Path) -> None:
        self.key = generate_private_key(SECP256R1())
        self.jwks = directory / "keys.json"
        self.publish(self.key)
        self.now = datetime.now(UTC)
        self.seconds = 0.0
        self.verifier = TokenVerifier(
            keys=KeySet(str(self.jwks), monotonic=lambda: self.seconds),
            issuer=ISSUER,
            audience=AUDIENCE,
            clock=lambda: self.now,
        )

    def publish(self, *keys: EllipticCurvePrivateKey) -> None:
        self.jwks.write_text(json.dumps({"keys": [public_jwk(key) for key in keys]}))

    def token(self) -> str:
        issued = int(self.now.timestamp())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "kari", "iat": issued, "exp": issued + 300}
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": public_jwk(self.key)["kid"]})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_remembered_token_expires_all_the_same(world: World) -> None:
    token = world.token()
    assert world.verifier.verify(token).subject == "kari"

    world.now += timedelta(seconds=331)

    with pytest.raises(InvalidToken, match="time"):
        world.verifier.verify(token)


def test_a_remembered_token_dies_with_its_key(world: World) -> None:
    token = world.token()
    world.verifier.verify(token)

    world.publish(generate_private_key(SECP256R1()))
    world.seconds += FRESH_SECONDS + 1

    assert not world.verifier.knows_key_of(token)
    with pytest.raises(InvalidToken, match="key"):
        world.verifier.verify(token)


def test_a_token_with_one_bit_changed_is_another_token(world: World) -> None:
    token = world.token()
    world.verifier.verify(token)
    head, payload, signature = token.split(".")
    other = ("A" if signature[0] != "A" else "B") + signature[1:]

    with pytest.raises(InvalidToken):
        world.verifier.verify(f"{head}.{payload}.{other}")


def test_a_refused_token_is_not_remembered(world: World) -> None:
    token = world.token()
    stranger = TokenVerifier(keys=KeySet(str(world.jwks)), issuer=ISSUER, audience="letters", clock=lambda: world.now)
    for _ in range(2):
        with pytest.raises(InvalidToken):
            stranger.verify(token)


def test_the_signature_is_verified_once(world: World) -> None:
    token = world.token()

    def seconds() -> float:
        start = time.thread_time()
        world.verifier.verify(token)
        return time.thread_time() - start

    first = seconds()
    assert sorted(seconds() for _ in range(20))[10] < first


def test_the_memory_is_bounded_and_keeps_what_is_used() -> None:
    tokens = ProvenTokens[int]()
    tokens.remember("used", 1)
    for number in range(MOST - 1):
        tokens.remember(str(number), number)
    tokens.recall("used")
    tokens.remember("one more", 2)

    assert tokens.recall("used") == 1
    assert tokens.recall("0") is None
    assert tokens.recall("one more") == 2


def test_our_own_token_is_used_again_while_most_of_its_life_lies_ahead(issuer: Issuer) -> None:
    now = [utc_now()]
    signer = ServiceSigner.from_file(issuer.service_key_path, issuer=ISSUER, name="clerk", clock=lambda: now[0])
    first = signer.token(AUDIENCE)

    assert signer.token(AUDIENCE) == first
    assert signer.token("letters") != first
    now[0] += timedelta(seconds=REUSED_SECONDS)
    assert signer.token(AUDIENCE) != first
    now[0] -= timedelta(hours=1)  # a clock that was set back must not leave us with a token from the future
    assert jwt.decode(signer.token(AUDIENCE), options={"verify_signature": False})["iat"] == int(now[0].timestamp())
