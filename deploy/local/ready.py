"""The block that `make run` prints once everything answers: addresses, a token per role, a request per service."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from interpreter import REPOSITORY
from keys import mint
from running_stack import make_argument
from settings import SERVICES


class Caller(NamedTuple):
    role: str
    subject: str
    organisation: str | None


# Who may act in the sample data (deploy/sample/people.csv).
SAMPLE_CALLERS = (
    Caller("coordinator", "coord_9f8e7d6c", "nhf"),
    Caller("org_admin", "admin_nhf_1", "nhf"),
    Caller("coordinator", "coordinator-007", "lhl"),
    Caller("org_admin", "admin_lhl_1", "lhl"),
    Caller("global_admin", "global_admin", None),
)


def ready_block(description: Mapping[str, Any], *, data: Path, sample: bool) -> str:
    """`data` is the directory of the system: the targets of make need it unless it is the usual one."""
    where = "" if data == REPOSITORY / ".stack" else f" {make_argument(data)}"
    rest = _tokens(description, where) if sample else _without_sample(where)
    return "\n".join(["", *_addresses(description), "", *rest, ""])


def _addresses(description: Mapping[str, Any]) -> Iterator[str]:
    yield _line("gateway", description["gateway"])
    for service in SERVICES:
        yield _line(service, f"{description[service]}   documentation: {description[service]}/docs")
    yield _line("mail server", description["smtp"] or "none")
    if description["mailbox"]:
        yield _line("mails", f"{description['mailbox']}/new")
    yield _line("logs", description["logs"])
    if os.environ.get("AUTH_MODE") != "token":
        yield _line(
            "AUTH_MODE", "open: notices and lapses need no token. Set AUTH_MODE=token wherever others can connect."
        )


def _tokens(description: Mapping[str, Any], where: str) -> Iterator[str]:
    yield f"Tokens, valid for an hour (more with: make token{where} ROLE=… SUB=… ORG=…):"
    tokens = {caller: mint(description, **caller._asdict()) for caller in SAMPLE_CALLERS}
    for caller, token in tokens.items():
        yield ""
        yield f"  {caller.role} {caller.subject}" + (f" of {caller.organisation}" if caller.organisation else "")
        yield f"    {token}"
    yield ""
    yield from _requests(description["gateway"], tokens[SAMPLE_CALLERS[0]])
    yield f"`make demo{where}` walks through all 15 operations. Ctrl-C stops everything."


def _requests(gateway: str, token: str) -> Iterator[str]:
    yield "Try, in another terminal:"
    yield ""
    yield f"  curl -s {gateway}/api/v1/pause-notifications -H 'Authorization: Bearer {token}'"
    yield ""
    yield f"  curl -s {gateway}/api/v1/pause-notifications/cert-expiry-reminder -H 'Content-Type: application/json' \\"
    yield """    -d '{"mentor_id": "mentor-042", "days_remaining": 14}'"""
    yield ""
    yield f"  curl -s {gateway}/api/v1/lapse-acknowledgements"
    yield ""


def _without_sample(where: str) -> Iterator[str]:
    command = 'SERVICE=orchestrator ARGS="directory import FILE"'
    yield f"Without sample people. Load your own with `make cli{where} {command}`;"
    yield f"mint tokens with `make token{where} ROLE=… SUB=… ORG=…`."


def _line(name: str, value: str) -> str:
    return f"  {name:<16} {value}"
