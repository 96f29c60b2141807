"""Who acts in the tests: the sample's people, people of our own, and the tokens they carry."""

import base64
import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from readiness import has_messages_for_now
from running import Stack, eventually

OURS = "systemtest"
MENTORS = [f"st-mentor-{number:03}" for number in range(1, 101)]
COORDINATOR = "st-coordinator"
COLLEAGUE = "st-colleague"
THEIR_MENTOR = "st-mentor-colleague"


@dataclass(frozen=True)
class Tokens:
    """Mints tokens as a login would, with the stack's private key."""

    stack: Stack

    def __call__(self, role: str, subject: str = "someone", organisation: str | None = OURS, **claims: Any) -> str:
        description = self.stack.description
        now = int(time.time())
        content = {
            "iss": description["issuer"],
            "aud": list(description["audiences"].values()),
            "sub": subject,
            "role": role,
            "iat": now,
            "exp": now + 600,
            **({"org_id": organisation} if organisation else {}),
            **claims,
        }
        key = Path(description["private_key"]).read_text()
        return jwt.encode(content, key, algorithm="RS256", headers={"kid": _key_id(description["jwks"])})


def _key_id(jwks: str) -> str:
    """The thumbprint (RFC 7638), so that the published id is checked as well."""
    (key,) = json.loads(Path(jwks).read_text())["keys"]
    required = json.dumps({name: key[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    digest = hashlib.sha256(required.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def address_of(person: str) -> str:
    return f"{person}@systemtest.example"


def import_people(stack: Stack, *, names: Callable[[str], str] = str) -> None:
    """Load an organisation of our own as its administrator would, and wait until every service knows its people."""
    import_lines(stack, _lines(names))


def import_lines(stack: Stack, lines: Iterable[Sequence[str]]) -> None:
    """Load the lines of a directory file, the names of its columns first, and wait until every service has them."""
    file = stack.data.parent / "systemtest-people.csv"
    with file.open("w", newline="") as output:
        csv.writer(output).writerows(lines)
    description = stack.description
    command = [sys.executable, "-m", "orchestrator_service", "directory", "import", str(file)]
    settings = {**os.environ, **description["settings"]["orchestrator"]}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    eventually(lambda: not has_messages_for_now(description["databases"]["orchestrator"]), within=30)


def _lines(names: Callable[[str], str]) -> Iterator[list[str]]:
    yield ["record", "id", "organisation", "name", "email", "chapters", "primary"]
    yield ["organisation", OURS, "", "System Test", "", "", ""]
    yield ["chapter", "st-chapter", OURS, "The chapter", "", "", ""]
    yield ["chapter", "st-other-chapter", OURS, "The other chapter", "", "", ""]
    for coordinator, chapter in ((COORDINATOR, "st-chapter"), (COLLEAGUE, "st-other-chapter")):
        yield ["coordinator", coordinator, OURS, names(coordinator), address_of(coordinator), "", ""]
        yield ["assignment", coordinator, OURS, "", "", chapter, "true"]
    yield ["admin", "st-admin", OURS, names("st-admin"), address_of("st-admin"), "", ""]
    yield ["mentor", THEIR_MENTOR, OURS, names(THEIR_MENTOR), address_of(THEIR_MENTOR), "st-other-chapter", ""]
    for mentor in MENTORS:
        yield ["mentor", mentor, OURS, names(mentor), address_of(mentor), "st-chapter", ""]
