"""Who is told, in which role."""

from dataclasses import dataclass

from .case import Case
from .model import Audience
from .notice_rules import NOTICE_RULES


@dataclass(frozen=True, kw_only=True)
class Recipient:
    id: str
    audience: Audience


def recipients_of(case: Case) -> tuple[Recipient, ...]:
    """Everybody once, in the role named first: a mentor who is his own coordinator reads the mentor's text."""
    audiences = NOTICE_RULES[case.notice].audiences(case.announcement)
    participants = [
        Recipient(id=case.mentor.id, audience=Audience.MENTOR),
        *_responsible(case),
        *(Recipient(id=person, audience=Audience.COLLEAGUE) for person in case.colleague_ids),
    ]
    seen: dict[str, Recipient] = {}
    for recipient in participants:
        if recipient.audience in audiences:
            seen.setdefault(recipient.id, recipient)
    return tuple(seen.values())


def _responsible(case: Case) -> list[Recipient]:
    """The coordinator, or the admins where there is none."""
    if case.coordinator_id is not None:
        return [Recipient(id=case.coordinator_id, audience=Audience.COORDINATOR)]
    return [Recipient(id=admin, audience=Audience.ADMIN) for admin in case.admin_ids]
