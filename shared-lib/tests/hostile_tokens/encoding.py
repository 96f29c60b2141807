"""Malformed headers and tokens."""

import gzip
import json
from collections.abc import Iterator
from itertools import product

from .attacker import Attacker, Case, bearer


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
