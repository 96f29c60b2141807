"""Notices that tell of no event: of a pause's return date, of a check-in, of a renewed certification."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .announcements import Audience


class NoticeKind(StrEnum):
    """What is told; each has a rule (`NOTICE_RULES`)."""

    RETURN_SOON = "return_soon"
    RETURN_TODAY = "return_today"
    RETURN_OVERDUE = "return_overdue"
    CHECK_IN = "check_in"
    CERTIFICATION_RENEWED = "cert_renewed"


@dataclass(frozen=True, kw_only=True)
class NoticeRule:
    """`date`: the name of the date that the notice states; None: it states none. `lifetime`: how long it may be sent.

    `is_about_pause`: it is told while its pause lasts; the others while the certification is the same.
    """

    date: str | None
    is_about_pause: bool
    lifetime: timedelta


_RETURN = NoticeRule(date="expected_return_date", is_about_pause=True, lifetime=timedelta(hours=24))
NOTICE_RULES: Mapping[NoticeKind, NoticeRule] = {
    NoticeKind.RETURN_SOON: _RETURN,
    NoticeKind.RETURN_TODAY: _RETURN,
    NoticeKind.RETURN_OVERDUE: NoticeRule(
        date="expected_return_date", is_about_pause=True, lifetime=timedelta(hours=72)
    ),
    NoticeKind.CHECK_IN: NoticeRule(date=None, is_about_pause=True, lifetime=timedelta(hours=24)),
    NoticeKind.CERTIFICATION_RENEWED: NoticeRule(
        date="expiry_date", is_about_pause=False, lifetime=timedelta(hours=72)
    ),
}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notice as it is told: to the people who are responsible at this moment. `flags` choose lines of its text."""

    kind: NoticeKind
    mentor_id: str
    organisation_id: str
    audience: Audience
    date: datetime | None
    is_planned: bool
    flags: tuple[str, ...] = ()
