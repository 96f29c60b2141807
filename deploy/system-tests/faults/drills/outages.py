"""Downstream services that are away, and answers that are lost."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ..client import Client
from ..figures import Findings, percentile
from ..ledger import Entry
from ..tcp_proxy import CUT_ANSWER, CutAfter, TcpProxy, Way
from ..world import World
from .judgements import no_doubles, nothing_lost, statuses

P95 = 2.6
FINAL_WITHIN = 60.0
CLIENTS = 4
EXPIRED = "certification_expired"


def downstream(world: World, *, events: int, seconds: float) -> Findings:
    """Connections are refused, then requests stay unanswered; half of the events are expiries, which need both."""
    findings = Findings(
        title=f"Notification and acknowledgement service away for {seconds:.0f} s under {events} events"
    )
    client = world.client()
    mentors = world.ours.mentors(events)
    world.to_notification.refuse()
    world.to_acknowledgement.refuse()
    start = time.monotonic()
    _record(client, mentors[: events // 2], once=True)
    for proxy in (world.to_notification, world.to_acknowledgement):
        proxy.forward()
        proxy.blackhole()
    _record(client, mentors[events // 2 :], once=True, event_type=EXPIRED)
    while time.monotonic() < start + seconds:
        time.sleep(0.1)
    world.heal()
    settled = world.settle(within=FINAL_WITHIN)
    replies = client.ledger.replies
    findings.check("201", statuses(replies), bar=f"201×{events}", holds=statuses(replies) == f"201×{events}")
    findings.at_most("p95", percentile([reply.seconds for reply in replies], 0.95), P95, unit=" s")
    _effects_once(world, findings, client.ledger.accepted, expiries=mentors[events // 2 :], settled=settled)
    return findings


def answers(world: World, *, cuts: int) -> Findings:
    """Between any two services the answer is cut off, or the request half-way; the caller repeats it."""
    findings = Findings(title=f"Answers and requests cut off × {cuts} between any two")
    client = world.client(world.to_gateway.url)
    expiries: list[str] = []
    for proxy in (world.to_gateway, world.to_notification, world.to_acknowledgement):
        for fault in (CUT_ANSWER, CutAfter(60, Way.ANSWER), CutAfter(200, Way.REQUEST)):
            expiries += _cut(world, client, proxy, fault, times=max(1, cuts // 9))
    world.heal()
    settled = world.settle(within=FINAL_WITHIN)
    cut = sum(proxy.cuts for proxy in (world.to_gateway, world.to_notification, world.to_acknowledgement))
    findings.note("connections cut", cut)
    findings.note("answers", statuses(client.ledger.replies))
    _effects_once(world, findings, client.ledger.accepted, expiries=expiries, settled=settled)
    return findings


def _cut(world: World, client: Client, proxy: TcpProxy, fault: CutAfter, *, times: int) -> list[str]:
    mentors = world.ours.mentors(times)
    proxy.interfere(fault, times=times)
    _record(client, mentors, event_type=EXPIRED)
    return mentors


def _record(client: Client, mentors: Sequence[str], *, once: bool = False, event_type: str = "pause_activated") -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda mentor: client.record(mentor, once=once, event_type=event_type), mentors))


def _effects_once(
    world: World, findings: Findings, accepted: Sequence[Entry], *, expiries: Sequence[str], settled: float | None
) -> None:
    judgement = world.judgement(list(accepted))
    nothing_lost(findings, judgement)
    no_doubles(findings, judgement)
    findings.none("lapses missing or doubled", _lapses_amiss(world, expiries))
    findings.none("requests that are not one per outbox message", _requests_amiss(world, accepted))
    findings.none("orchestrator has another outcome", world.evidence.results_that_differ())
    findings.settled(settled, within=FINAL_WITHIN)


def _lapses_amiss(world: World, mentors: Sequence[str]) -> list[str]:
    query = "SELECT mentor_id, count(*) FROM lapse WHERE mentor_id = ANY(%s) GROUP BY 1"
    found = dict(world.evidence.rows("acknowledgement", query, list(mentors)))
    return [f"{mentor}: {found.get(mentor, 0)} lapses" for mentor in mentors if found.get(mentor) != 1]


def _requests_amiss(world: World, accepted: Sequence[Entry]) -> list[str]:
    """The events for which the notification service does not have exactly one request row, by outbox message id."""
    ids = [event_id for entry in accepted for event_id in entry.ids]
    messages = world.evidence.rows(
        "orchestrator", "SELECT id, announcement_id FROM pause_event WHERE id = ANY(%s)", ids
    )
    keys = [str(message) for _, message in messages]
    query = "SELECT key, count(*) FROM idempotency_key WHERE key = ANY(%s) GROUP BY 1"
    found = dict(world.evidence.rows("notification", query, keys))
    return [f"{event}: {found.get(str(key), 0)} requests" for event, key in messages if found.get(str(key)) != 1]
