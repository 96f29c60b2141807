"""Somebody holds every table of a database, and more clients come than there are connections."""

import time
from concurrent.futures import ThreadPoolExecutor

from asking import ask

from ..figures import Findings
from ..ledger import Reply
from ..table_lock import locked
from ..world import World
from .verdicts import described, impatient, no_doubles, nothing_lost, statuses

HELD_FOR = 6.0
ANSWERED_WITHIN = 3.5
NORMAL_AFTER = 2.0
NORMAL = 1.0
ALIVE_WITHIN = 0.5
FINAL_WITHIN = 45.0
CLIENTS = 40
"""More than a service has connections or threads."""
SERVICES = ("orchestrator", "notification", "acknowledgement")


def tables(world: World) -> Findings:
    """In each database in turn: answers stay quick and honest, and a moment later all is well."""
    findings = Findings(title=f"Every table locked for {HELD_FOR:.0f} s, {CLIENTS} clients at once")
    client = world.client()
    alive, afterwards = [], []
    for service in SERVICES:
        with locked(world.describe()["databases"][service]), ThreadPoolExecutor(CLIENTS) as pool:
            until = time.monotonic() + HELD_FOR
            mentors = world.ours.mentors(CLIENTS)
            asked = [pool.submit(client.record, mentor, once=True) for mentor in mentors]
            while time.monotonic() < until:
                alive.append(_livez(world, service))
                time.sleep(0.2)
        for one in asked:
            one.result()
        time.sleep(NORMAL_AFTER)
        calm = world.client()
        for mentor in world.ours.mentors(5):
            calm.record(mentor, once=True)
        afterwards += calm.ledger.replies
        client.ledger.entries.update(calm.ledger.entries)
    settled = world.settle(within=FINAL_WITHIN)
    replies = [reply for reply in client.ledger.replies if reply not in afterwards]
    findings.note("answers meanwhile", statuses(replies))
    strange = [reply for reply in replies if reply.status not in (200, 201, 503)]
    findings.none("answers but 201 and 503", described(strange))
    findings.none("503 late or without Retry-After", impatient(replies, ANSWERED_WITHIN))
    findings.at_most("slowest answer", max(reply.seconds for reply in replies), ANSWERED_WITHIN, unit=" s")
    findings.at_most("slowest /livez", max(alive), ALIVE_WITHIN, unit=" s")
    findings.none("not normal two seconds later", _not_normal(afterwards))
    verdict = world.verdict(client.ledger.accepted)
    nothing_lost(findings, verdict)
    no_doubles(findings, verdict)
    findings.settled(settled, within=FINAL_WITHIN)
    return findings


def _livez(world: World, service: str) -> float:
    start = time.monotonic()
    status = ask(world.describe()[service], "GET", "/livez").status
    return time.monotonic() - start if status == 200 else float("inf")


def _not_normal(replies: list[Reply]) -> list[str]:
    return described([reply for reply in replies if reply.status != 201 or reply.seconds > NORMAL])
