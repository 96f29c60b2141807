"""Ways of asking that several tests share."""

from notification_service.domain.model import Announcement, Notice
from notification_service.usecases.announcements import Answer, Requester
from shared_lib.idempotency import RequestKey

from ..builders import A_MOMENT, an_announcement

ANYBODY = Requester(subject="anonymous")
EXPIRED = an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT)


def with_key(key: str, body: bytes = b"") -> Requester:
    return Requester(
        subject="anonymous", key=RequestKey(principal="anonymous", operation="x", key=key, fingerprint=body)
    )


def rows(answer: Answer) -> list[tuple[str, str, str]]:
    return [(row.recipient_id, row.channel, row.status) for row in answer.dispatch.messages]


def reminder(days: int) -> Announcement:
    return an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=days)
