"""Properly signed tokens with claims that no token may have."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from shared_lib_testing.issuer import ISSUER

from ..small_service import AUDIENCE
from .attacker import Attacker, Case, bearer

NO_DATES: list[Any] = [
    *("", "soon", "1e9", "2026-01-01T00:00:00Z", True, False, None, [], {}, [1], 10**400, -(10**400)),
    *(float("nan"), float("inf"), float("-inf"), 1e308),
]
NO_WORDS: list[Any] = [None, "", 7, 1.5, True, [], {}, ["kari"], "x" * 129, "a\nb", "a\x00b", "æ", "\u202e", "a\tb"]


def good(attacker: Attacker) -> Iterator[Case]:
    for key in attacker.keys:
        yield bearer(f"good {key.algorithm}", attacker.token(key), 200)
        yield "scheme in small letters", f"bearer {attacker.token(key)}", 200


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
        yield bearer(f"role {word!r:.30}", attacker.token(key, claims=attacker.claims(role=word)), 403)
        beside = attacker.claims(role=["clerk", word])
        yield bearer(f"role [clerk, {word!r:.30}]", attacker.token(key, claims=beside), 200)
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
