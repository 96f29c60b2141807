"""The rules of each type of notice: one table with a line for every type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from .model import Announcement, Audience, Notice


class Topic(StrEnum):
    """The page of the portal that a notice leads to."""

    PAUSES = "pauses"
    CERTIFICATIONS = "certifications"


@dataclass(frozen=True, kw_only=True)
class NaturalKey:
    """Which announcements about the same mentor are duplicates: those of one type whose `members` are equal, and which
    were made on the same day in the organisation's time zone (`on_one_day`), or no longer than `within` ago without
    their `opposite` since.
    """

    members: tuple[str, ...]
    on_one_day: bool = False
    within: timedelta | None = None
    opposite: Notice | None = None


@dataclass(frozen=True, kw_only=True)
class NoticeRule:
    """The rules of one type of notice. No member has a default: a new type needs a decision on each of them.

    `audiences`: who is notified; `lifetime`: how long after an announcement (its moment in the organisation's time
    zone) a message may begin to be sent; `natural_key`: which announcement is a duplicate; `can_be_silenced`: nothing
    is sent to a recipient who chose no channel, else it is always mailed; `opens_lapse`: the coordinator must confirm
    it; `topic`: the page that its link leads to.
    """

    audiences: Callable[[Announcement], frozenset[Audience]]
    lifetime: Callable[[datetime], timedelta]
    natural_key: NaturalKey
    can_be_silenced: bool
    opens_lapse: bool
    topic: Topic


def all_audiences(_: Announcement) -> frozenset[Audience]:
    return frozenset(Audience)


def mentor_until(days: int) -> Callable[[Announcement], frozenset[Audience]]:
    """The mentor alone as long as more than these days remain, or the number is not given; then all audiences."""

    def audiences(announcement: Announcement) -> frozenset[Audience]:
        remaining = announcement.days_remaining
        return frozenset(Audience) if remaining is not None and remaining <= days else frozenset({Audience.MENTOR})

    return audiences


def hours(number: int) -> Callable[[datetime], timedelta]:
    return lambda _: timedelta(hours=number)


def rest_of_the_day(at: datetime) -> timedelta:
    """Until midnight: a notice that names a number of days is wrong tomorrow."""
    midnight = datetime.combine(at.date() + timedelta(days=1), time.min, tzinfo=at.tzinfo)
    return midnight - at.astimezone(UTC)  # within one time zone Python subtracts as if clocks never changed


NOTICE_RULES: Mapping[Notice, NoticeRule] = {
    Notice.PAUSE_ACTIVATED: NoticeRule(
        audiences=all_audiences,
        lifetime=hours(24),
        natural_key=NaturalKey(
            members=("expected_return_date",), within=timedelta(minutes=10), opposite=Notice.PAUSE_LIFTED
        ),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.PAUSES,
    ),
    Notice.PAUSE_LIFTED: NoticeRule(
        audiences=all_audiences,
        lifetime=hours(24),
        natural_key=NaturalKey(members=(), within=timedelta(minutes=10), opposite=Notice.PAUSE_ACTIVATED),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.PAUSES,
    ),
    Notice.CERT_EXPIRY: NoticeRule(
        audiences=all_audiences,
        lifetime=hours(72),
        natural_key=NaturalKey(members=("expiry_date",)),
        can_be_silenced=False,
        opens_lapse=True,
        topic=Topic.CERTIFICATIONS,
    ),
    Notice.CERT_EXPIRY_REMINDER: NoticeRule(
        audiences=mentor_until(days=7),
        lifetime=rest_of_the_day,
        natural_key=NaturalKey(members=("days_remaining",), on_one_day=True),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.CERTIFICATIONS,
    ),
}


def expires_at(notice: Notice, *, at: datetime, time_zone: str, scale: float) -> datetime:
    """When the lifetime of a notice that was announced `at` ends; `scale` shortens it on test systems."""
    return at + NOTICE_RULES[notice].lifetime(at.astimezone(ZoneInfo(time_zone))) * scale


def natural_key(announcement: Announcement, *, at: datetime, time_zone: str, latest: UUID | None = None) -> str:
    """The text that the database keeps unique among a mentor's dispatches.

    Announcements that are duplicates for some minutes only have no such key: each is chained to `latest`, the mentor's
    dispatch before it, so that two that are accepted at the same moment collide.
    """
    rule = NOTICE_RULES[announcement.notice].natural_key
    if rule.within is not None:
        return f"{announcement.notice}:after:{latest or 'nothing'}"
    key = ":".join([announcement.notice, *(_text(getattr(announcement, name)) for name in rule.members)])
    return f"{key}:{at.astimezone(ZoneInfo(time_zone)).date().isoformat()}" if rule.on_one_day else key


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return "none" if value is None else str(value)
