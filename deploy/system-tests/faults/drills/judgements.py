"""Checks that all drills make on a judgement of the ledger."""

from collections import Counter
from collections.abc import Sequence

from ..figures import Findings
from ..ledger import Judgement, Reply


def nothing_lost(findings: Findings, judgement: Judgement) -> None:
    """Every accepted event is stored once, mailed to each recipient, and recorded as sent."""
    findings.none("accepted and lost", judgement.lost)
    findings.none("accepted and not delivered", judgement.undelivered)
    findings.none("one key, two events", judgement.two_ids)
    findings.none("one event, two messages", judgement.notified_twice)
    findings.none("delivered, but recorded otherwise", judgement.untruthful)


def no_doubles(findings: Findings, judgement: Judgement) -> None:
    findings.none("doubled", [*judgement.doubled_by_fault, *judgement.doubled_without_cause])


def statuses(replies: Sequence[Reply]) -> str:
    """`201×50 503×2`; 0 is a connection that failed."""
    return " ".join(f"{status}×{count}" for status, count in sorted(Counter(reply.status for reply in replies).items()))


def late_refusals(replies: Sequence[Reply], limit: float) -> list[str]:
    """503s that are no good: late, or without a word on when to come back."""
    return [
        f"{reply.status} after {reply.seconds:.2f} s, Retry-After {'given' if reply.retry_after else 'MISSING'}"
        for reply in replies
        if reply.status == 503 and (reply.seconds > limit or not reply.retry_after)
    ]


def described(replies: Sequence[Reply]) -> list[str]:
    return [f"{reply.status} {reply.reason} after {reply.seconds:.2f} s" for reply in replies]
