"""One organisation's backlog, and another's single notice."""

import statistics
import time

from running import eventually

from ..client import Load
from ..crowd import address_of
from ..figures import Findings
from ..smtp_script import Stall, Step
from ..world import World
from .judgements import nothing_lost

LEAVES_WITHIN = 10.0
TIMES_IDLE = 3.0
A_MAIL_TAKES = 0.05
IDLE_ROUNDS = 3


def backlog(world: World, *, events: int) -> Findings:
    """The mail server was away, takes its time now that it is back, and everything wants to leave at once."""
    findings = Findings(title=f"One organisation's backlog of {events}")
    world.sink.script.expect(Step.DOT, Stall(A_MAIL_TAKES), times=None)
    idle = statistics.median(_seconds_until_mailed(world) for _ in range(IDLE_ROUNDS))
    client = world.client()
    world.sink.close()
    with Load(client, world.ours.mentors(events), threads=8) as load:
        load.join(within=600.0)
    waiting = world.evidence.open_messages()["notification"]
    world.sink.open()
    eventually(lambda: world.evidence.open_messages()["notification"] < waiting, within=60.0)
    busy = _seconds_until_mailed(world)
    findings.note("mails waiting then", world.evidence.open_messages()["notification"])
    findings.note("idle, one notice leaves after s", idle)
    findings.at_most("behind the backlog after", busy, LEAVES_WITHIN, unit=" s")
    findings.at_most("that is times idle", busy / idle, TIMES_IDLE)
    settled = world.settle(within=60.0 + events * A_MAIL_TAKES)
    nothing_lost(findings, world.judgement(client.ledger.accepted))
    findings.settled(settled, within=60.0 + events * A_MAIL_TAKES)
    world.heal()
    return findings


def _seconds_until_mailed(world: World) -> float:
    mentor = world.theirs.mentor()
    start = time.monotonic()
    world.client().record(mentor)
    eventually(lambda: world.sink.record.copies_to(address_of(mentor)), within=120.0, every=0.01)
    return time.monotonic() - start
