"""Tokens with good claims and a missing, wrong or foreign signature."""

import base64
import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .attacker import Attacker, Case, b64, bearer

ALGORITHMS: list[Any] = [
    *("none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384"),
    *("PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "dir", "A128KW", "RSA-OAEP", "RS256 ", "rs256"),
    *(7, None, True, [], {}, ["RS256"]),
]
FOLLOWED = ("jku", "x5u", "jwk", "x5c", "x5t", "x5t#S256", "iss", "cty")


def algorithms(attacker: Attacker) -> Iterator[Case]:
    for key, algorithm in product(attacker.keys, ALGORITHMS):
        status = 200 if algorithm == key.algorithm else 401
        yield bearer(
            f"{key.algorithm} as {algorithm!r}", attacker.token(key, attacker.header(key, alg=algorithm)), status
        )
    for key in attacker.keys:
        header = {name: value for name, value in attacker.header(key).items() if name != "alg"}
        yield bearer("no alg", attacker.token(key, header))


def unsigned(attacker: Attacker) -> Iterator[Case]:
    for key, algorithm in product(attacker.keys, ("none", "None", "", key_algorithm := "as it should be")):
        name = key.algorithm if algorithm == key_algorithm else algorithm
        signed, _, signature = attacker.token(key, attacker.header(key, alg=name)).rpartition(".")
        for kind, end in (("no signature", ""), ("a short one", "AA"), ("zeros", b64(bytes(64)))):
            yield bearer(f"{name} with {kind}", f"{signed}.{end}")
        yield bearer(f"{name} without the last dot", signed)
        if name != key.algorithm:
            yield bearer(f"{name} with the right signature", f"{signed}.{signature}")


def public_key_as_secret(attacker: Attacker) -> Iterator[Case]:
    hashes = {"HS256": SHA256(), "HS384": SHA384(), "HS512": SHA512()}
    for key, algorithm in product(attacker.keys, hashes):
        public = key.private.public_key()
        secrets = {
            "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "PEM, stripped": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
            "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "JWK": json.dumps(key.public).encode(),
            "JWKS": attacker.jwks.encode(),
            "nothing": b"",
        }
        for name, secret in secrets.items():
            signed = f"{b64(json.dumps(attacker.header(key, alg=algorithm)))}.{b64(json.dumps(attacker.claims()))}"
            mac = HMAC(secret, hashes[algorithm])
            mac.update(signed.encode())
            yield bearer(f"{algorithm} with {name} of {key.algorithm}", f"{signed}.{b64(mac.finalize())}")


def foreign_keys(attacker: Attacker) -> Iterator[Case]:
    for key, foreign in product(attacker.keys, attacker.foreign):
        for algorithm in {key.algorithm, foreign.algorithm}:
            header = attacker.header(key, alg=algorithm)
            yield bearer(
                f"{foreign.algorithm} in the name of {key.algorithm}", attacker.token(key, header, signer=foreign)
            )
    for foreign in attacker.foreign:
        yield bearer("a stranger under its own name", attacker.token(foreign))


def key_ids(attacker: Attacker) -> Iterator[Case]:
    for key in attacker.keys:
        kid = key.public["kid"]
        header = {name: value for name, value in attacker.header(key).items() if name != "kid"}
        yield bearer("no kid", attacker.token(key, header))
        for wrong in (
            *("", " ", "0", "../../../../dev/null", "/dev/null", "file:///dev/null", attacker.trap, "' OR 1=1 --"),
            *("$(id)", "\x00", f"{kid} ", f" {kid}", f"{kid}\x00", kid.swapcase(), kid[:-1], kid * 2, "x" * 3000),
            *(7, 0, None, True, [], {}, [kid], {"kid": kid}),
        ):
            yield bearer(f"kid {wrong!r:.40}", attacker.token(key, attacker.header(key, kid=wrong)))


def leads(attacker: Attacker) -> Iterator[Case]:
    """Members that name a key: worth nothing, whoever signed."""
    for key, foreign, name in product(attacker.keys, attacker.foreign[1:2], FOLLOWED):
        value: Any = {"jwk": foreign.public, "x5c": [b64(b"certificate")]}.get(name, attacker.trap)
        header = attacker.header(key, **{name: value})
        yield bearer(f"{name}, properly signed", attacker.token(key, header), 200)
        yield bearer(f"{name} and a stranger's signature", attacker.token(key, header, signer=foreign))
        unknown = {**header, "alg": foreign.algorithm, "kid": foreign.public["kid"]}
        yield bearer(f"{name} and a stranger's name", attacker.token(foreign, unknown))
    for key, crit in product(attacker.keys, ([], ["b64"], ["exp"], ["jku"], "b64", None, {}, 7)):
        yield bearer(f"crit {crit!r}", attacker.token(key, attacker.header(key, crit=crit, b64=False, exp=1)))
    for key in attacker.keys:
        yield bearer("b64 false", attacker.token(key, attacker.header(key, b64=False)))


def signatures(attacker: Attacker) -> Iterator[Case]:
    for key in attacker.keys:
        signed, _, end = attacker.token(key).rpartition(".")
        signature = base64.urlsafe_b64decode(end + "==")
        size = len(signature)
        for position in range(0, size, size // 8):
            flipped = bytearray(signature)
            flipped[position] ^= 1
            yield bearer(f"{key.algorithm}, bit {position * 8}", f"{signed}.{b64(bytes(flipped))}")
        other = attacker.token(key, claims=attacker.claims(sub="ola")).rpartition(".")[2]
        for name, wrong in {
            "shorter": signature[:-1],
            "longer": signature + b"\x00",
            "longer in front": b"\x00" + signature,
            "doubled": signature * 2,
            "zeros": bytes(size),
            "ones": b"\xff" * size,
            "half zeros": signature[: size // 2] + bytes(size - size // 2),
        }.items():
            yield bearer(f"{key.algorithm}, {name}", f"{signed}.{b64(wrong)}")
        yield bearer(f"{key.algorithm}, of another token", f"{signed}.{other}")
        altered = f"{signed.split('.')[0]}.{b64(json.dumps(attacker.claims(role='boss')))}"
        yield bearer(f"{key.algorithm}, claims altered", f"{altered}.{end}")
    key = attacker.keys[1]
    signed, _, end = attacker.token(key).rpartition(".")
    raw = base64.urlsafe_b64decode(end + "==")
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    yield bearer("ES256 as DER", f"{signed}.{b64(der)}")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for r, s in product((0, 1, order, order - 1), repeat=2):
        yield bearer("ES256, degenerate", f"{signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}")
