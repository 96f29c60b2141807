"""Authorization headers as an attacker would try them, made systematically, each with the one right answer."""

import base64
import gzip
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from shared_lib.testing.issuer import ISSUER
from shared_lib.tokens import public_jwk

from .small_service import AUDIENCE

Case = tuple[str, str, int]
"""What it is, the header's value, the status."""

ALGORITHMS: list[Any] = [
    *("none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384"),
    *("PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "dir", "A128KW", "RSA-OAEP", "RS256 ", "rs256"),
    *(7, None, True, [], {}, ["RS256"]),
]
NO_DATES: list[Any] = [
    *("", "soon", "1e9", "2026-01-01T00:00:00Z", True, False, None, [], {}, [1], 10**400, -(10**400)),
    *(float("nan"), float("inf"), float("-inf"), 1e308),
]
NO_WORDS: list[Any] = [None, "", 7, 1.5, True, [], {}, ["kari"], "x" * 129, "a\nb", "a\x00b", "æ", "\u202e", "a\tb"]
FOLLOWED = ("jku", "x5u", "jwk", "x5c", "x5t", "x5t#S256", "iss", "cty")


def b64(content: bytes | str) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Key:
    """A private key, and how it signs."""

    private: Any

    @property
    def public(self) -> dict[str, str]:
        return public_jwk(self.private)

    @property
    def algorithm(self) -> str:
        return self.public["alg"]

    def signature(self, signed: str) -> bytes:
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        return algorithm.sign(signed.encode(), self.private)


def _three_kinds() -> tuple[Key, ...]:
    return (
        Key(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        Key(ec.generate_private_key(ec.SECP256R1())),
        Key(ed25519.Ed25519PrivateKey.generate()),
    )


@dataclass(frozen=True)
class Attacker:
    """Knows what is public, and (for tokens that are right but for one thing) has the issuer's signature as well."""

    trap: str
    """An address that nobody may be led to."""
    keys: tuple[Key, ...] = field(default_factory=_three_kinds)
    foreign: tuple[Key, ...] = field(default_factory=_three_kinds)
    now: int = field(default_factory=lambda: int(time.time()))

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [key.public for key in self.keys]})

    def header(self, key: Key, **difference: Any) -> dict[str, Any]:
        return {"alg": key.algorithm, "kid": key.public["kid"], "typ": "JWT", **difference}

    def claims(self, **difference: Any) -> dict[str, Any]:
        full = {"iss": ISSUER, "aud": AUDIENCE, "sub": "kari", "iat": self.now, "exp": self.now + 300}
        return {**full, "role": "clerk", "org_id": "oslo", **difference}

    def without(self, name: str) -> dict[str, Any]:
        return {key: value for key, value in self.claims().items() if key != name}

    def token(self, key: Key, header: Any = None, claims: Any = None, *, signer: Key | None = None) -> str:
        """Signed by the key, or by another in its name; header and claims as values, text or bytes."""
        parts = [self.header(key) if header is None else header, self.claims() if claims is None else claims]
        signed = ".".join(b64(part if isinstance(part, str | bytes) else json.dumps(part)) for part in parts)
        return f"{signed}.{b64((signer or key).signature(signed))}"


def bearer(name: str, token: str, status: int = 401) -> Case:
    return name, f"Bearer {token}", status


def good(attacker: Attacker) -> Iterator[Case]:
    for key in attacker.keys:
        yield bearer(f"good {key.algorithm}", attacker.token(key), 200)
        yield "scheme in small letters", f"bearer {attacker.token(key)}", 200


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


def dates(attacker: Attacker) -> Iterator[Case]:
    key, now = attacker.keys[1], attacker.now
    for name, value in product(("exp", "iat", "nbf"), NO_DATES):
        yield bearer(f"{name} {value!r:.30}", attacker.token(key, claims=attacker.claims(**{name: value})))
    for name in ("exp", "iat"):
        for value in (0, -1, -1e308, 1, now * 1000, -now):
            yield bearer(f"{name} {value}", attacker.token(key, claims=attacker.claims(**{name: value})))
    moments: list[tuple[dict[str, Any], int]] = [
        ({"iat": now - 300, "exp": now - 20}, 200),
        ({"iat": now - 300, "exp": now - 40}, 401),
        ({"iat": now - 300, "exp": now + 0.5}, 200),
        ({"iat": now + 20}, 200),
        ({"iat": now + 60}, 401),
        ({"exp": now}, 401),
        ({"exp": now - 1}, 401),
        ({"exp": now + 3600}, 200),
        ({"exp": now + 3601}, 401),
        ({"iat": now - 3000, "exp": now + 601}, 401),
        ({"nbf": now - 10**6}, 200),
        ({"nbf": 0}, 200),
        ({"nbf": -1}, 200),
        ({"nbf": now + 20}, 200),
        ({"nbf": now + 60}, 401),
        ({"nbf": now * 1000}, 401),
    ]
    for moment, status in moments:
        yield bearer(f"dates {moment}", attacker.token(key, claims=attacker.claims(**moment)), status)


def audiences_and_issuers(attacker: Attacker) -> Iterator[Case]:
    key = attacker.keys[1]
    for right in ([AUDIENCE], ["other", AUDIENCE], [AUDIENCE] * 3):
        yield bearer(f"aud {right}", attacker.token(key, claims=attacker.claims(aud=right)), 200)
    for wrong in (
        *(None, "", "other", [], [None], ["other"], [[AUDIENCE]], [AUDIENCE, 7], {AUDIENCE: True}, True, 7, 1.5, "*"),
        *(
            f"{AUDIENCE} ",
            AUDIENCE.upper(),
            AUDIENCE[:-1],
            f"{AUDIENCE}s",
            f"{AUDIENCE},other",
            f"{AUDIENCE}\x00",
            ["*"],
        ),
    ):
        yield bearer(f"aud {wrong!r}", attacker.token(key, claims=attacker.claims(aud=wrong)))
    for wrong in (
        *(None, "", "other", [], [ISSUER], {}, True, 7, f"{ISSUER}/", f"{ISSUER} ", ISSUER.upper(), ISSUER[:-1], "*"),
        *(
            f"{ISSUER}@evil.test",
            f"{ISSUER}.evil.test",
            ISSUER.replace("https", "http"),
            f"{ISSUER}\x00",
            attacker.trap,
        ),
    ):
        yield bearer(f"iss {wrong!r}", attacker.token(key, claims=attacker.claims(iss=wrong)))


def people_and_roles(attacker: Attacker) -> Iterator[Case]:
    key = attacker.keys[1]
    for name in ("iss", "aud", "sub", "exp", "iat"):
        yield bearer(f"no {name}", attacker.token(key, claims=attacker.without(name)))
    for word in NO_WORDS:
        yield bearer(f"sub {word!r:.30}", attacker.token(key, claims=attacker.claims(sub=word)))
        status = 200 if word is None else 401
        yield bearer(f"org_id {word!r:.30}", attacker.token(key, claims=attacker.claims(org_id=word)), status)
        if word not in ([], ["kari"]):
            yield bearer(f"role {word!r:.30}", attacker.token(key, claims=attacker.claims(role=word)))
            yield bearer(
                f"role [clerk, {word!r:.30}]", attacker.token(key, claims=attacker.claims(role=["clerk", word]))
            )
    for role in (
        "guest",
        "Clerk",
        "CLERK",
        "clerk ",
        " clerk",
        "clerk,boss",
        "clerk boss",
        "*",
        [],
        ["guest", "Clerk"],
    ):
        yield bearer(f"role {role!r}", attacker.token(key, claims=attacker.claims(role=role)), 403)
    yield bearer("no role", attacker.token(key, claims=attacker.without("role")), 403)
    yield bearer("no organisation", attacker.token(key, claims=attacker.without("org_id")), 200)
    yield bearer(
        "roles under another name", attacker.token(key, claims={**attacker.without("role"), "roles": "clerk"}), 403
    )


def doubled(attacker: Attacker) -> Iterator[Case]:
    key = attacker.keys[1]
    header, claims = attacker.header(key), attacker.claims()
    for value in ("same", "other"):
        for name in header:
            again = f'{json.dumps(header)[:-1]}, "{name}": {json.dumps(header[name] if value == "same" else "x")}}}'
            yield bearer(f"{name} twice, {value}", attacker.token(key, again))
        for name in claims:
            again = f'{json.dumps(claims)[:-1]}, "{name}": {json.dumps(claims[name] if value == "same" else "x")}}}'
            yield bearer(f"{name} twice, {value}", attacker.token(key, claims=again))
    escaped = json.dumps(claims)[:-1] + ', "r\\u006fle": "boss"}'
    yield bearer("role twice, once escaped", attacker.token(key, claims=escaped))
    yield bearer("twice further in", attacker.token(key, claims=json.dumps(claims)[:-1] + ', "x": {"a": 1, "a": 2}}'))


def shapes(attacker: Attacker) -> Iterator[Case]:
    key = attacker.keys[1]
    token = attacker.token(key)
    head, body, signature = token.split(".")
    for name, value in {
        **{
            repr(shape): shape
            for shape in (".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d", "null", "{}", "[]", "\u00e9.a.b")
        },
        "two parts": f"{head}.{body}",
        "four parts": f"{token}.{signature}",
        "five parts": f"{token}.{signature}.{signature}",
        "no header": f".{body}.{signature}",
        "no claims": f"{head}..{signature}",
        "a dot in front": f".{token}",
        "a dot behind": f"{token}.",
        "swapped": f"{body}.{head}.{signature}",
        "reversed": token[::-1],
        "small letters": token.lower(),
        "quoted": f'"{token}"',
        "in brackets": f"<{token}>",
        "twice": f"{token} {token}",
        "a list": f"{token}, {token}",
        "Bearer twice": f"Bearer {token}",
        "with a parameter": f"{token}; charset=utf-8",
        "flattened JSON": json.dumps({"protected": head, "payload": body, "signature": signature}),
        "general JSON": json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]}),
        "too long by padding": f"{head}.{body}.{signature}" + "A" * 9000,
        "huge": "A" * 60_000,
        "huge claims": attacker.token(key, claims=attacker.claims(x="y" * 9000)),
    }.items():
        yield bearer(name, value)
    for part, junk in product(range(3), "=+/%!*~ \t"):
        for place in (0, 5, None):
            pieces = token.split(".")
            at = len(pieces[part]) if place is None else place
            pieces[part] = pieces[part][:at] + junk + pieces[part][at:]
            blank = junk in " \t" and ((part, place) in ((0, 0), (2, None)))
            yield bearer(f"{junk!r} at {place} of part {part}", ".".join(pieces), 200 if blank else 401)
    for scheme in (
        "Basic",
        "Token",
        "JWT",
        "DPoP",
        "Bearer:",
        "Bearer,",
        "X-Bearer",
        "Bear er",
        "Digest",
        "BearerBearer",
    ):
        yield f"scheme {scheme}", f"{scheme} {token}", 401
    for whole in (
        "Bearer",
        "Bearer ",
        "bearer  ",
        token,
        f"Bearer\t{token}",
        f"Bearer={token}",
        f"Bearer{token}",
        "x",
        ",",
    ):
        yield f"header {whole:.20}", whole, 401


def contents(attacker: Attacker) -> Iterator[Case]:
    key = attacker.keys[1]
    text = json.dumps(attacker.claims())
    for name, value in {
        **{
            repr(other): other
            for other in ("", "null", "true", "7", '"text"', "[]", "{", "}", "{}{}", "NaN", "-", "{'a': 1}")
        },
        "a list of claims": f"[{text}]",
        "an end that is missing": text[:-1],
        "a comma too much": f"{text[:-1]},}}",
        "a second document": f"{text}{text}",
        "a comment": f"{text}//",
        "a NUL behind": f"{text}\x00",
        "a byte order mark": f"\ufeff{text}",
        "UTF-16": text.encode("utf-16"),
        "UTF-32": text.encode("utf-32"),
        "not UTF-8": text.encode() + b"\xff",
        "Latin-1": json.dumps(attacker.claims(sub="\u00e6"), ensure_ascii=False).encode("latin-1"),
        "compressed": gzip.compress(text.encode()),
        "deep": f'{text[:-1]}, "x": {"[" * 2500}{"]" * 2500}}}',
        "deep and open": "[" * 5000,
        "deep members": '{"a":' * 1000 + "1" + "}" * 1000,
    }.items():
        harmless = name == "deep"
        yield bearer(f"claims {name}", attacker.token(key, claims=value), 401)
        if not harmless:
            yield bearer(f"header {name}", attacker.token(key, value))
    for name, claims in {
        "white space": f"  {text}\n\t ",
        "members nobody knows": json.dumps(
            attacker.claims(__proto__={}, constructor=1, admin=True, nested={"role": "boss"})
        ),
        "escapes": text.replace("kari", "k\\u0061ri"),
    }.items():
        yield bearer(name, attacker.token(key, claims=claims), 200)


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


GROUPS: dict[str, Callable[[Attacker], Iterator[Case]]] = {
    group.__name__: group
    for group in (
        *(good, algorithms, unsigned, public_key_as_secret, foreign_keys, key_ids, leads, dates),
        *(audiences_and_issuers, people_and_roles, doubled, shapes, contents, signatures),
    )
}
