"""Every way a mail server can fail, and how many copies there are in the end."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from running import eventually

from ..crowd import address_of
from ..evidence import copies_by_number
from ..figures import Findings
from ..smtp_script import (
    Cut,
    Fault,
    Garbage,
    PlainAfterTls,
    Refusal,
    Silence,
    Stall,
    Step,
    StoreThenCut,
)
from ..world import World

UNAFFECTED_WITHIN = 10.0
SETTLED_WITHIN = 90.0
AFTER_FINAL_REPLY = 5.0
"""How much longer than the late 250 takes our side waits for it."""
FOR_EVER = None


@dataclass(frozen=True)
class Case:
    """What the server does to one recipient, and what must be true in the end."""

    step: Step
    fault: Fault
    times: int | None
    copies: int
    status: str = "sent"

    def __str__(self) -> str:
        return f"{self.fault} at {self.step}" + (" for ever" if self.times is None else f" × {self.times}")


def of_one_recipient(late: float) -> list[Case]:
    """Up to the dot nothing was sent, and it is tried again; after the dot at most once more."""
    before = [
        Case(step, fault, times, 1)
        for step in (Step.RCPT, Step.DATA)
        for fault, times in ((Refusal(451), 2), (Cut(), 1), (Garbage(), 1), (Stall(2.0), 1), (Silence(), 1))
    ]
    refused = [Case(step, Refusal(554), FOR_EVER, 0, "failed") for step in (Step.RCPT, Step.DATA, Step.DOT)]
    return [
        *before,
        *refused,
        Case(Step.BODY, Cut(), 1, 1),
        Case(Step.DOT, Refusal(451), 2, 1),
        Case(Step.DOT, Cut(), 1, 1),
        Case(Step.DOT, Cut(), FOR_EVER, 0, "unknown"),
        Case(Step.DOT, Silence(), 1, 1),
        Case(Step.DOT, StoreThenCut(), 1, 2),
        Case(Step.DOT, StoreThenCut(), FOR_EVER, 2, "unknown"),
        Case(Step.DOT, Garbage(), 1, 2),
        Case(Step.DOT, Stall(late), 1, 1),
        Case(Step.DOT, Stall(late + AFTER_FINAL_REPLY + 2.0), 1, 2),
    ]


BEFORE_RECIPIENT: Sequence[tuple[Step, Fault]] = [
    (step, fault)
    for step in (Step.CONNECT, Step.EHLO, Step.MAIL)
    for fault in (Refusal(451), Refusal(554), Cut(), Garbage(), Stall(2.0), Silence())
]
TLS_FAULTS: Sequence[Fault] = (Refusal(454), Cut(), Garbage(), PlainAfterTls(), Stall(2.0))


def quick(cases: Sequence[Case], late: float) -> list[Case]:
    """Without those that wait for a time-out."""
    return [
        case
        for case in cases
        if not isinstance(case.fault, Silence) and not (isinstance(case.fault, Stall) and case.fault.seconds > late)
    ]


def failing_recipients(world: World, cases: Sequence[Case]) -> Findings:
    """Each fault affects one recipient's mail; mails to the coordinator and to other mentors are not affected."""
    findings = Findings(title=f"A mail server that fails for one recipient, {len(cases)} ways")
    client, mentors = world.client(), world.ours.mentors(len(cases))
    for case, mentor in zip(cases, mentors, strict=True):
        world.sink.script.expect(case.step, case.fault, recipient=address_of(mentor), times=case.times)
    for mentor in mentors:
        client.record(mentor)
    findings.at_most("an unaffected mail after", _seconds_until_mailed(world), UNAFFECTED_WITHIN, unit=" s")
    settled = world.settle(within=SETTLED_WITHIN)
    findings.settled(settled, within=SETTLED_WITHIN)
    stored = {message.recipient: message for message in world.evidence.stored_messages()}
    wrong = []
    for case, mentor in zip(cases, mentors, strict=True):
        copies = len(world.sink.record.copies_to(address_of(mentor)))
        status = stored[mentor].status if mentor in stored else "no message"
        if (copies, status) != (case.copies, case.status):
            wrong.append(f"{case}: {copies} copies, {status}; should be {case.copies}, {case.status}")
    findings.none("cases with other copies or another end", wrong)
    findings.none("others notified not exactly once", _not_once(world, mentors))
    findings.none("orchestrator has another outcome", world.evidence.results_that_differ())
    world.heal()
    return findings


def failing_connections(world: World) -> Findings:
    """Each fault affects the next connection once, before the server knows the recipient."""
    findings = Findings(title=f"A mail server that fails for every recipient, {len(BEFORE_RECIPIENT)} ways")
    _strike_every_recipient(world, findings, BEFORE_RECIPIENT)
    return findings


def bad_starttls(world: World) -> Findings:
    """A server that does not keep its offer of encryption gets no mail, and then each mail once."""
    findings = Findings(title=f"STARTTLS that goes wrong, {len(TLS_FAULTS)} ways")
    _strike_every_recipient(world, findings, [(Step.STARTTLS, fault) for fault in TLS_FAULTS])
    return findings


def _strike_every_recipient(world: World, findings: Findings, faults: Sequence[tuple[Step, Fault]]) -> None:
    client, mentors = world.client(), []
    for step, fault in faults:
        world.sink.script.expect(step, fault)
    deadline = time.monotonic() + SETTLED_WITHIN
    while world.sink.script.outstanding() and time.monotonic() < deadline:
        world.sink.hang_up()
        mentors += world.ours.mentors(1)
        client.record(mentors[-1])
    findings.check(
        "faults left over", world.sink.script.outstanding(), bar="0", holds=not world.sink.script.outstanding()
    )
    settled = world.settle(within=SETTLED_WITHIN)
    findings.settled(settled, within=SETTLED_WITHIN)
    judgement = world.judgement(client.ledger.accepted)
    findings.note("mails", 2 * judgement.accepted)
    findings.none("not delivered", judgement.undelivered)
    findings.none("delivered twice", [*judgement.doubled_by_fault, *judgement.doubled_without_cause])
    world.heal()


def _seconds_until_mailed(world: World) -> float:
    """Seconds until a mentor of another organisation has their mail."""
    mentor = world.theirs.mentor()
    start = time.monotonic()
    world.client().record(mentor)
    eventually(lambda: world.sink.record.copies_to(address_of(mentor)), within=60.0, every=0.02)
    return time.monotonic() - start


def _not_once(world: World, mentors: Sequence[str]) -> list[str]:
    """Messages about these mentors to others than themselves of which there is not exactly one copy."""
    copies = copies_by_number(world.sink.record)
    others = [
        each for each in world.evidence.stored_messages() if each.mentor in mentors and each.recipient != each.mentor
    ]
    counts = [(each.recipient, len(copies.get(each.number, ()))) for each in others]
    return [f"{recipient}: {count} copies" for recipient, count in counts if count != 1]
