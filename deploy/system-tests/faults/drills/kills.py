"""kill -9 of web, relay and database processes while clients are at work."""

import time
from collections.abc import Iterator

import psycopg
from asking import ask
from running import eventually

from ..client import Load
from ..figures import Findings
from ..ledger import Entry, Reply
from ..smtp_record import Transfer
from ..victims import Killer
from ..world import World
from .judgements import described, late_refusals, no_doubles, nothing_lost, statuses

MAX_SECONDS_PER_KILL = 6.0
DELIVERED_WITHIN = 45.0
ANSWERED_WITHIN = 3.5
READY_WITHIN = 10.0
LEASE_SECONDS = 3.0
"""At the scale of waiting of these drills. A double later than that would come from a lease that was lost."""

SEEN_WITHIN = 1.0
"""Seconds until the mail server notices a closed connection."""

SERVICES = ("orchestrator", "notification", "acknowledgement")
SENDERS = ("notification.web", "notification.relay")
PROCESSES = ("orchestrator.web", "orchestrator.relay", *SENDERS)


def processes(world: World, *, kills: int, events: int) -> Findings:
    """Accepted events are mailed in any case; twice only if a sender died between the final dot and its commit."""
    findings = Findings(title=f"kill -9 of web and relay processes × {kills}")
    killer = Killer(world.describe, PROCESSES, times=kills, pause=(0.3, 1.2))
    accepted, replies, failures = _under_load(world, killer, kills=kills, events=events)
    settled = world.settle(within=DELIVERED_WITHIN)

    def died_with_it(copy: Transfer) -> bool:
        """Its sender was killed, which ended the connection, within a lease of having handed it over.

        The connection may have carried another mail by then: it is given back before the outcome is written down.
        """
        if copy.left_at is None or copy.ended_at is None or copy.left_at - copy.ended_at > LEASE_SECONDS:
            return False
        return killer.struck_at(copy.left_at, names=SENDERS, within=SEEN_WITHIN)

    judgement = world.judgement(accepted, explains=died_with_it)
    findings.check("kills", len(killer.blows), bar=f"= {kills}", holds=len(killer.blows) == kills)
    findings.check("accepted", judgement.accepted, bar=f"≥ {events}", holds=judgement.accepted >= events)
    findings.note("answers", statuses(replies))
    findings.none("refused for good", failures)
    nothing_lost(findings, judgement)
    findings.note("doubled by a sender's death at the dot", len(judgement.doubled_by_fault))
    findings.none("doubled without such a cause", judgement.doubled_without_cause)
    findings.at_most("most copies of one mail", judgement.max_copies, 2)
    findings.settled(settled, within=DELIVERED_WITHIN)
    findings.none("orchestrator has another outcome", world.evidence.results_that_differ())
    return findings


def database(world: World, *, kills: int, events: int) -> Findings:
    """While the database is away every answer is a quick 503; nothing is lost and nothing is mailed twice."""
    findings = Findings(title=f"kill -9 or restart of PostgreSQL × {kills}")
    killer = Killer(world.describe, ["postgres"], times=kills, pause=(1.0, 4.0), also_politely=True)
    accepted, replies, failures = _under_load(world, killer, kills=kills, events=events)
    settled = world.settle(within=DELIVERED_WITHIN)
    judgement = world.judgement(accepted)
    findings.check("kills", len(killer.blows), bar=f"= {kills}", holds=len(killer.blows) == kills)
    findings.check("accepted", judgement.accepted, bar=f"≥ {events}", holds=judgement.accepted >= events)
    findings.note("answers", statuses(replies))
    strange = [reply for reply in replies if reply.status not in (200, 201, 503)]
    findings.none("answers but 201 and 503", failures + described(strange))
    findings.none("503 late or without Retry-After", late_refusals(replies, ANSWERED_WITHIN))
    findings.at_most("slowest answer", max((reply.seconds for reply in replies), default=0.0), ANSWERED_WITHIN)
    nothing_lost(findings, judgement)
    no_doubles(findings, judgement)
    findings.settled(settled, within=DELIVERED_WITHIN)
    findings.at_most("ready after the database", _recovery(world), READY_WITHIN, unit=" s")
    findings.none("orchestrator has another outcome", world.evidence.results_that_differ())
    return findings


def _under_load(world: World, killer: Killer, *, kills: int, events: int) -> tuple[list[Entry], list[Reply], list[str]]:
    client = world.client()

    def mentors() -> Iterator[str]:
        """As many as wanted, spread over the killer's work, and on until it is done.

        As fast as they are accepted would be a different drill: while nothing can be mailed, that is three times faster
        than mails leave afterwards, and the figure for what is open would measure how long the load was.
        """
        count, start, apart = 0, time.monotonic(), kills * sum(killer.pause) / 2 / events
        while count < events or not killer.is_done:
            time.sleep(max(0.0, start + count * apart - time.monotonic()))
            try:
                yield world.ours.mentor()
            except LookupError:
                return  # no more people; the figures will say whether they were enough
            count += 1

    deadline = time.monotonic() + 60.0 + kills * MAX_SECONDS_PER_KILL
    with killer, Load(client, _limited(mentors(), deadline)) as load:
        load.join(within=deadline - time.monotonic() + 90.0)
    return client.ledger.accepted, client.ledger.replies, load.failures


def _limited(mentors: Iterator[str], deadline: float) -> Iterator[str]:
    for mentor in mentors:
        if time.monotonic() > deadline:
            return
        yield mentor


def _recovery(world: World) -> float:
    """Seconds between the database's return and that of all three services."""
    Killer(world.describe, ["postgres"], times=1, pause=(0.0, 0.0)).strike_once()
    eventually(lambda: _connects(world), within=30.0, every=0.05)
    back = time.monotonic()
    eventually(lambda: all(_is_ready(world, service) for service in SERVICES), within=60.0, every=0.1)
    return time.monotonic() - back


def _connects(world: World) -> bool:
    try:
        world.evidence.rows("orchestrator", "SELECT 1")
    except psycopg.Error:
        return False
    return True


def _is_ready(world: World, service: str) -> bool:
    try:
        return ask(world.describe()[service], "GET", "/readyz").status == 200
    except OSError:
        return False
