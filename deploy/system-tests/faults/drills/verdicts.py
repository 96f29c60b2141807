"""What every drill asks of the ledger."""

from collections import Counter
from collections.abc import Sequence

from ..figures import Findings
from ..ledger import Reply, Verdict


def nothing_lost(findings: Findings, verdict: Verdict) -> None:
    """Accepted is accepted: recorded once, told to everybody concerned, and the books say so."""
    findings.none("accepted and lost", verdict.lost)
    findings.none("accepted and not delivered", verdict.undelivered)
    findings.none("one key, two events", verdict.two_ids)
    findings.none("one event, two messages", verdict.told_twice)
    findings.none("delivered, but recorded otherwise", verdict.untruthful)


def no_doubles(findings: Findings, verdict: Verdict) -> None:
    findings.none("doubled", [*verdict.doubled_by_fault, *verdict.doubled_without_cause])


def statuses(replies: Sequence[Reply]) -> str:
    """`201×50 503×2`; 0 is a connection that failed."""
    return " ".join(f"{status}×{count}" for status, count in sorted(Counter(reply.status for reply in replies).items()))


def impatient(replies: Sequence[Reply], limit: float) -> list[str]:
    """503s that are no good: late, or without a word on when to come back."""
    return [
        f"{reply.status} after {reply.seconds:.2f} s, Retry-After {'given' if reply.retry_after else 'MISSING'}"
        for reply in replies
        if reply.status == 503 and (reply.seconds > limit or not reply.retry_after)
    ]


def described(replies: Sequence[Reply]) -> list[str]:
    return [f"{reply.status} {reply.reason} after {reply.seconds:.2f} s" for reply in replies]
