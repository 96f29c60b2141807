"""Every table of a database is locked, and more clients come than there are connections."""

import time
from collections.abc import Iterator

from asking import ask

from ..client import Load
from ..crowd import Organisation
from ..figures import Findings
from ..ledger import Entry, Ledger, Reply
from ..table_lock import locked
from ..world import World
from .judgements import described, late_refusals, no_doubles, nothing_lost, statuses

HELD_FOR = 6.0
ANSWERED_WITHIN = 3.5
NORMAL_AFTER = 2.0
NORMAL = 2.0
ALIVE_WITHIN = 0.5
FINAL_WITHIN = 45.0
SERVICES = ("orchestrator", "notification", "acknowledgement")


def tables(world: World, *, clients: int) -> Findings:
    """In each database in turn: answers stay quick and honest, and a moment later all is well."""
    findings = Findings(title=f"Every table locked for {HELD_FOR:.0f} s, {clients} clients at once")
    accepted: list[Entry] = []
    for service in SERVICES:
        meanwhile, alive = _while_locked(world, service, clients=clients)
        time.sleep(NORMAL_AFTER)
        afterwards = world.client()
        for mentor in world.ours.mentors(5):
            afterwards.record(mentor, once=True)
        _check_answers(findings, service, meanwhile.replies)
        findings.at_most(f"{service}: slowest /livez", alive, ALIVE_WITHIN, unit=" s")
        findings.none(f"{service}: not normal two seconds later", _not_normal(afterwards.ledger.replies))
        accepted += [*meanwhile.accepted, *afterwards.ledger.accepted]
    settled = world.settle(within=FINAL_WITHIN)
    judgement = world.judgement(accepted)
    nothing_lost(findings, judgement)
    no_doubles(findings, judgement)
    findings.settled(settled, within=FINAL_WITHIN)
    return findings


def _while_locked(world: World, service: str, *, clients: int) -> tuple[Ledger, float]:
    """Each client asks for one thing after the other as long as the lock is held; also the slowest /livez."""
    client, alive = world.client(), [0.0]
    until = time.monotonic() + HELD_FOR
    load = Load(client, _until(until, world.ours), threads=clients, once=True)
    with load, locked(world.describe()["databases"][service]):
        while time.monotonic() < until:
            alive.append(_livez(world, service))
            time.sleep(0.2)
    return client.ledger, max(alive)


def _until(deadline: float, organisation: Organisation) -> Iterator[str]:
    while time.monotonic() < deadline:
        yield organisation.mentor()


def _check_answers(findings: Findings, service: str, replies: list[Reply]) -> None:
    findings.note(f"{service}: answers", statuses(replies))
    strange = [reply for reply in replies if reply.status not in (200, 201, 503)]
    findings.none(f"{service}: answers but 201 and 503", described(strange))
    findings.none(f"{service}: 503 late or without Retry-After", late_refusals(replies, ANSWERED_WITHIN))
    slowest = max((reply.seconds for reply in replies), default=0.0)
    findings.at_most(f"{service}: slowest answer", slowest, ANSWERED_WITHIN, unit=" s")


def _livez(world: World, service: str) -> float:
    start = time.monotonic()
    status = ask(world.describe()[service], "GET", "/livez").status
    return time.monotonic() - start if status == 200 else float("inf")


def _not_normal(replies: list[Reply]) -> list[str]:
    return described([reply for reply in replies if reply.status != 201 or reply.seconds > NORMAL])
