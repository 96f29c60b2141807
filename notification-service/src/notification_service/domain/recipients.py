"""Who is told, in which role."""

from dataclasses import dataclass

from .case import Case
from .model import Audience, Notice

COORDINATOR_FROM_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Recipient:
    id: str
    audience: Audience


def recipients_of(case: Case) -> tuple[Recipient, ...]:
    """Everybody once, in the role named first: a mentor who is his own coordinator reads the mentor's text."""
    told = [Recipient(id=case.mentor.id, audience=Audience.MENTOR)]
    if _concerns_the_coordinator(case):
        told += _responsible(case)
        told += [Recipient(id=person, audience=Audience.COLLEAGUE) for person in case.colleague_ids]
    seen: dict[str, Recipient] = {}
    for recipient in told:
        seen.setdefault(recipient.id, recipient)
    return tuple(seen.values())


def _concerns_the_coordinator(case: Case) -> bool:
    """An early reminder is between the mentor and us."""
    days = case.announcement.days_remaining
    return case.notice is not Notice.CERT_EXPIRY_REMINDER or (days is not None and days <= COORDINATOR_FROM_DAYS)


def _responsible(case: Case) -> list[Recipient]:
    """The coordinator, or the admins where there is none."""
    if case.coordinator_id is not None:
        return [Recipient(id=case.coordinator_id, audience=Audience.COORDINATOR)]
    return [Recipient(id=admin, audience=Audience.ADMIN) for admin in case.admin_ids]
