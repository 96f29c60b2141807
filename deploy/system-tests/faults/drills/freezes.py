"""A relay that stands still for longer than its lease, and then goes on as if nothing had happened."""

import random
import time
from collections import Counter
from collections.abc import Sequence

from ..client import Load
from ..evidence import copies_by_number
from ..figures import Findings
from ..smtp_record import Transfer
from ..victims import Frozen, pids_of
from ..world import World
from .judgements import nothing_lost

LEASE = 3.0
"""The shortest there is, which the scale of waiting gives us."""
ROUND = 25
"""Events that are waiting for the relays when one of them is frozen."""
FINAL_WITHIN = 45.0


def frozen_relays(world: World, *, freezes: int, doubles_each: int = 1) -> Findings:
    """Mails pile up while the mail server is away; when it returns two relays send them, and one stands still.

    A relay has as many mails under way as its lane has threads, and each of them may be caught at its dot.
    """
    findings = Findings(title=f"A relay frozen past its lease × {freezes}")
    client = world.client()
    frozen: list[tuple[float, float]] = []
    with world.another_relay("notification") as second:
        for _ in range(freezes):
            world.sink.close()
            with Load(client, world.ours.mentors(ROUND), threads=8) as load:
                load.join()
            world.sink.open()
            time.sleep(random.uniform(0.0, 1.0))
            victim = random.choice([*pids_of(world.describe, "notification.relay")[:1], second])
            with Frozen([victim]) as freeze:
                time.sleep(LEASE + random.uniform(0.5, 2.0))
            frozen.append((freeze.at, time.monotonic()))
            world.settle(within=FINAL_WITHIN)
        settled = world.settle(within=FINAL_WITHIN)
        judgement = world.judgement(client.ledger.accepted, explains=lambda copy: _cause(copy, frozen) is not None)
    findings.note("accepted", judgement.accepted)
    nothing_lost(findings, judgement)
    findings.note("doubled by a freeze", len(judgement.doubled_by_fault))
    findings.at_most("doubled by one and the same freeze", _max_of_one_freeze(world, frozen), doubles_each)
    findings.note("doubled after the thaw", _after_the_thaw(world, frozen))
    findings.none("doubled without a freeze", judgement.doubled_without_cause)
    findings.at_most("most copies of one mail", judgement.max_copies, 2)
    findings.settled(settled, within=FINAL_WITHIN)
    return findings


def _cause(copy: Transfer, frozen: Sequence[tuple[float, float]]) -> int | None:
    """The freeze during which this copy was taken, or right before or after it."""
    taken = copy.ended_at or 0.0
    return next((number for number, (began, ended) in enumerate(frozen) if began - 1.0 <= taken <= ended + 1.0), None)


def _max_of_one_freeze(world: World, frozen: Sequence[tuple[float, float]]) -> int:
    copies = copies_by_number(world.sink.record).values()
    causes = Counter(_cause(those[0], frozen) for those in copies if len(those) > 1)
    del causes[None]  # what other drills doubled
    return max(causes.values(), default=0)


def _after_the_thaw(world: World, frozen: Sequence[tuple[float, float]]) -> int:
    """Second copies that the frozen relay itself sent once it could: those a look at its lease would have kept back."""
    lasts = [those[-1].ended_at or 0.0 for those in copies_by_number(world.sink.record).values() if len(those) > 1]
    return sum(any(0.0 <= last - ended <= 1.0 for _, ended in frozen) for last in lasts)
