"""What holds for each type of notice: one table with every case written out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from .case import Case
from .model import Announcement, Audience, Notice


class Topic(StrEnum):
    """The page of the portal that a notice leads to."""

    PAUSES = "pauses"
    CERTIFICATIONS = "certifications"


@dataclass(frozen=True, kw_only=True)
class NaturalKey:
    """Which notices about the same mentor are duplicates: those of one type whose `members` are equal, and which were
    told on the same day in the organisation's time zone (`on_one_day`), or no longer than `within` ago without their
    `opposite` since.
    """

    members: tuple[str, ...]
    on_one_day: bool = False
    within: timedelta | None = None
    opposite: Notice | None = None


@dataclass(frozen=True, kw_only=True)
class NoticeRule:
    """What holds for one type of notice. No member has a default: a new type needs a decision on each of them.

    `audiences`: who is told; `lifetime`: how long after the decision a message may still begin to be sent;
    `natural_key`: which notice is a duplicate; `can_be_silenced`: nothing is sent to a recipient who chose no channel,
    else it is always mailed; `opens_lapse`: the coordinator must confirm it; `topic`: where its link leads.
    """

    audiences: Callable[[Announcement], frozenset[Audience]]
    lifetime: Callable[[Case], timedelta]
    natural_key: NaturalKey
    can_be_silenced: bool
    opens_lapse: bool
    topic: Topic


def everybody(_: Announcement) -> frozenset[Audience]:
    return frozenset(Audience)


def mentor_until(days: int) -> Callable[[Announcement], frozenset[Audience]]:
    """The mentor alone as long as more than these days remain, or it is not said how many; then everybody."""

    def told(announcement: Announcement) -> frozenset[Audience]:
        remaining = announcement.days_remaining
        return frozenset(Audience) if remaining is not None and remaining <= days else frozenset({Audience.MENTOR})

    return told


def hours(number: int) -> Callable[[Case], timedelta]:
    return lambda _: timedelta(hours=number)


def rest_of_the_day(case: Case) -> timedelta:
    """Until midnight where the organisation is: a notice that names a number of days is wrong tomorrow."""
    here = _here(case)
    return datetime.combine(here.date() + timedelta(days=1), time.min, tzinfo=here.tzinfo) - case.at


NOTICE_RULES: Mapping[Notice, NoticeRule] = {
    Notice.PAUSE_ACTIVATED: NoticeRule(
        audiences=everybody,
        lifetime=hours(24),
        natural_key=NaturalKey(
            members=("expected_return_date",), within=timedelta(minutes=10), opposite=Notice.PAUSE_LIFTED
        ),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.PAUSES,
    ),
    Notice.PAUSE_LIFTED: NoticeRule(
        audiences=everybody,
        lifetime=hours(24),
        natural_key=NaturalKey(members=(), within=timedelta(minutes=10), opposite=Notice.PAUSE_ACTIVATED),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.PAUSES,
    ),
    Notice.CERT_EXPIRY: NoticeRule(
        audiences=everybody,
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


def worth_telling_until(case: Case, *, scale: float) -> datetime:
    """When the lifetime of a notice ends; `scale` shortens waiting on test systems."""
    return case.at + NOTICE_RULES[case.notice].lifetime(case) * scale


def natural_key(case: Case, *, latest: UUID | None) -> str:
    """What the database keeps unique among a mentor's notices.

    Notices that are duplicates for some minutes only have no such key: each is chained to `latest`, the mentor's
    dispatch before it, so that two which are decided upon at the same moment collide.
    """
    rule = NOTICE_RULES[case.notice].natural_key
    if rule.within is not None:
        return f"{case.notice}:after:{latest or 'nothing'}"
    key = key_of_members(case.announcement)
    return f"{key}:{_here(case).date().isoformat()}" if rule.on_one_day else key


def key_of_members(announcement: Announcement) -> str:
    """The natural key of a notice whose rule looks at its members alone."""
    members = NOTICE_RULES[announcement.notice].natural_key.members
    return ":".join([announcement.notice, *(_text(getattr(announcement, name)) for name in members)])


def _here(case: Case) -> datetime:
    return case.at.astimezone(ZoneInfo(case.organisation.time_zone))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return "none" if value is None else str(value)
