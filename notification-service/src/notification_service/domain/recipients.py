"""Who is told, in which role."""

from dataclasses import dataclass

from .model import Announcement, Audience, Contact, Notice, Organisation

COORDINATOR_FROM_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Recipient:
    id: str
    audience: Audience


def recipients_of(
    announcement: Announcement, *, mentor: Contact, coordinator_id: str | None, organisation: Organisation
) -> tuple[Recipient, ...]:
    """Everybody once, in the role named first: a mentor who is his own coordinator reads the mentor's text."""
    told = [Recipient(id=mentor.id, audience=Audience.MENTOR)]
    if _concerns_the_coordinator(announcement):
        told += _responsible(announcement, coordinator_id, organisation)
    seen: dict[str, Recipient] = {}
    for recipient in told:
        seen.setdefault(recipient.id, recipient)
    return tuple(seen.values())


def _concerns_the_coordinator(announcement: Announcement) -> bool:
    """An early reminder is between the mentor and us."""
    if announcement.notice is not Notice.CERT_EXPIRY_REMINDER:
        return True
    return announcement.days_remaining is not None and announcement.days_remaining <= COORDINATOR_FROM_DAYS


def _responsible(announcement: Announcement, coordinator_id: str | None, organisation: Organisation) -> list[Recipient]:
    """The coordinator, or the admins where there is none; then the colleagues whom the organisation wants told too."""
    context = announcement.context
    colleagues = [Recipient(id=person, audience=Audience.COLLEAGUE) for person in (context.also if context else ())]
    if coordinator_id is not None:
        return [Recipient(id=coordinator_id, audience=Audience.COORDINATOR), *colleagues]
    admin_ids = context.admin_ids if context else organisation.admin_ids
    return [Recipient(id=admin, audience=Audience.ADMIN) for admin in admin_ids] + colleagues
