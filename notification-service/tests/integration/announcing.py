"""Announcements that several tests make."""

from notification_service.domain.model import Announcement, Notice
from notification_service.usecases.announcements import Accepted
from shared_lib.idempotency import RequestKey

from ..builders import A_MOMENT, an_announcement

EXPIRED = an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT)


def a_key(key: str, body: bytes = b"") -> RequestKey:
    return RequestKey(caller="anonymous", operation="x", key=key, fingerprint=body)


def rows(accepted: Accepted) -> list[tuple[str, str, str]]:
    return [(row.recipient_id, row.channel, row.status) for row in accepted.dispatch.messages]


def reminder(days: int) -> Announcement:
    return an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=days)
