"""The rules of each type of notice: one table with a line for every type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
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
    """Which announcements about the same mentor are duplicates: those of one type whose `members` are the same day in
    the organisation's time zone, and which were made on one day there (`on_one_day`); or those whose `members` are
    equal, no longer than `within` ago without their `opposite` since. The orchestrator finds duplicates of the latter
    kind itself: of its announcements they have the same Idempotency-Key.
    """

    members: tuple[str, ...]
    on_one_day: bool = False
    within: timedelta | None = None
    opposite: Notice | None = None


class Announcer(StrEnum):
    """Who asks for a notice: any client, at the notice's own endpoint; the orchestrator alone; or this service."""

    ANY_CLIENT = "any_client"
    ORCHESTRATOR = "orchestrator"
    AGENDA = "agenda"


@dataclass(frozen=True, kw_only=True)
class NoticeRule:
    """The rules of one type of notice. No member has a default: a new type needs a decision on each of them.

    `announcer`: who asks for it; `audiences`: who is notified; `lifetime`: how long after the fact (its moment in
    the organisation's time zone) a message may begin to be sent; `natural_key`: which announcement is a duplicate;
    `can_be_silenced`: nothing is sent to a recipient who chose no channel, else it is always mailed; `opens_lapse`:
    the coordinator must confirm it; `topic`: the page that its link leads to.
    """

    announcer: Announcer
    audiences: Callable[[Announcement], frozenset[Audience]]
    lifetime: Callable[[Announcement, datetime], timedelta]
    natural_key: NaturalKey
    can_be_silenced: bool
    opens_lapse: bool
    topic: Topic


def all_audiences(_: Announcement) -> frozenset[Audience]:
    return frozenset(Audience)


def only(*audiences: Audience) -> Callable[[Announcement], frozenset[Audience]]:
    return lambda _: frozenset(audiences)


def mentor_and_named(announcement: Announcement) -> frozenset[Audience]:
    """The mentor alone, unless the orchestrator names a coordinator or an admin; then all audiences."""
    context = announcement.context
    is_named = context is not None and (context.coordinator_id is not None or context.admin_ids)
    return frozenset(Audience) if is_named else frozenset({Audience.MENTOR})


def mentor_until(days: int) -> Callable[[Announcement], frozenset[Audience]]:
    """The mentor alone as long as more than these days remain, or the number is not given; then all audiences.

    Of a planned reminder its tier decides, on whichever day it leaves.
    """

    def audiences(announcement: Announcement) -> frozenset[Audience]:
        tier = announcement.context.tier if announcement.context else None
        remaining = announcement.days_remaining if tier is None else tier
        return frozenset(Audience) if remaining is not None and remaining <= days else frozenset({Audience.MENTOR})

    return audiences


def hours(number: int) -> Callable[[Announcement, datetime], timedelta]:
    return lambda _, __: timedelta(hours=number)


def rest_of_the_day(announcement: Announcement, at: datetime) -> timedelta:
    """Until midnight; a planned notice for three days. Never beyond the day on which the certification ends."""
    is_planned = announcement.context is not None and announcement.context.planned
    max_lifetime = timedelta(hours=72) if is_planned else _midnight_after(at) - at.astimezone(UTC)
    if announcement.expiry_date is None:
        return max_lifetime
    return min(max_lifetime, _midnight_after(announcement.expiry_date.astimezone(at.tzinfo)) - at.astimezone(UTC))


def _midnight_after(at: datetime) -> datetime:
    """In UTC: within one time zone Python subtracts as if clocks never changed."""
    return datetime.combine(at.date() + timedelta(days=1), time.min, tzinfo=at.tzinfo).astimezone(UTC)


def _about_pause(
    *audiences: Audience, lifetime: Callable[[Announcement, datetime], timedelta], members: tuple[str, ...]
) -> NoticeRule:
    """The rule of what the orchestrator tells while a pause lasts."""
    return NoticeRule(
        announcer=Announcer.ORCHESTRATOR,
        audiences=only(*audiences),
        lifetime=lifetime,
        natural_key=NaturalKey(members=members, within=timedelta(0)),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.PAUSES,
    )


def _chase(audience: Audience) -> NoticeRule:
    """Of a lapse that nobody has acknowledged. The key of the planned act makes it one of a kind (`lapse_plan`)."""
    return NoticeRule(
        announcer=Announcer.AGENDA,
        audiences=only(audience),
        lifetime=hours(72),
        natural_key=NaturalKey(members=("expiry_date",)),
        can_be_silenced=False,
        opens_lapse=False,
        topic=Topic.CERTIFICATIONS,
    )


NOTICE_RULES: Mapping[Notice, NoticeRule] = {
    Notice.PAUSE_ACTIVATED: NoticeRule(
        announcer=Announcer.ANY_CLIENT,
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
        announcer=Announcer.ANY_CLIENT,
        audiences=all_audiences,
        lifetime=hours(24),
        natural_key=NaturalKey(members=(), within=timedelta(minutes=10), opposite=Notice.PAUSE_ACTIVATED),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.PAUSES,
    ),
    Notice.CERT_EXPIRY: NoticeRule(
        announcer=Announcer.ANY_CLIENT,
        audiences=all_audiences,
        lifetime=hours(72),
        natural_key=NaturalKey(members=("expiry_date",)),
        can_be_silenced=False,
        opens_lapse=True,
        topic=Topic.CERTIFICATIONS,
    ),
    Notice.CERT_EXPIRY_REMINDER: NoticeRule(
        announcer=Announcer.ANY_CLIENT,
        audiences=mentor_until(days=7),
        lifetime=rest_of_the_day,
        natural_key=NaturalKey(members=("expiry_date",), on_one_day=True),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.CERTIFICATIONS,
    ),
    Notice.RETURN_SOON: _about_pause(Audience.MENTOR, lifetime=hours(24), members=("expected_return_date",)),
    Notice.RETURN_TODAY: _about_pause(Audience.MENTOR, lifetime=hours(24), members=("expected_return_date",)),
    Notice.RETURN_OVERDUE: _about_pause(
        Audience.COORDINATOR, Audience.ADMIN, lifetime=hours(72), members=("expected_return_date",)
    ),
    Notice.CHECK_IN: _about_pause(Audience.MENTOR, lifetime=hours(24), members=()),
    Notice.CERT_RENEWED: NoticeRule(
        announcer=Announcer.ORCHESTRATOR,
        audiences=mentor_and_named,
        lifetime=hours(72),
        natural_key=NaturalKey(members=("expiry_date",), within=timedelta(0)),
        can_be_silenced=True,
        opens_lapse=False,
        topic=Topic.CERTIFICATIONS,
    ),
    Notice.LAPSE_REMINDER: _chase(Audience.COORDINATOR),
    Notice.LAPSE_ESCALATION: _chase(Audience.ADMIN),
}


def dated(announcement: Announcement, *, at: datetime, time_zone: str) -> Announcement:
    """The announcement with the date that it is about, and the days until then by the organisation's calendar.

    The orchestrator sends the certification's own date. A number of days in a direct call becomes a date here, once.
    """
    if announcement.days_remaining is None:
        return announcement
    today = at.astimezone(ZoneInfo(time_zone))
    expiry = announcement.context.expiry_date if announcement.context else None
    if expiry is None:
        day = today.date() + timedelta(days=announcement.days_remaining)
        expiry = datetime.combine(day, time(23, 59, 59), tzinfo=today.tzinfo).astimezone(UTC)
    return replace(announcement, expiry_date=expiry, days_remaining=days_until(expiry, at=at, time_zone=time_zone))


def days_until(moment: datetime, *, at: datetime, time_zone: str) -> int:
    """By the calendar of the time zone; 0 when the day is past."""
    zone = ZoneInfo(time_zone)
    return max(0, (moment.astimezone(zone).date() - at.astimezone(zone).date()).days)


def expires_at(announcement: Announcement, *, at: datetime, time_zone: str, scale: float) -> datetime:
    """When the lifetime of a notice about a fact that occurred `at` ends; `scale` shortens it on test systems."""
    return at + NOTICE_RULES[announcement.notice].lifetime(announcement, at.astimezone(ZoneInfo(time_zone))) * scale


def natural_key(announcement: Announcement, *, at: datetime, time_zone: str, latest: UUID | None = None) -> str:
    """The text that the database keeps unique among a mentor's dispatches.

    Announcements that are duplicates for some minutes only have no such key: each is chained to `latest`, the mentor's
    dispatch before it, so that two that are accepted at the same moment collide.
    """
    rule = NOTICE_RULES[announcement.notice].natural_key
    if rule.within is not None:
        return f"{announcement.notice}:after:{latest or 'nothing'}"
    zone = ZoneInfo(time_zone)
    days = [getattr(announcement, name).astimezone(zone).date() for name in rule.members]
    if rule.on_one_day:
        days.append(at.astimezone(zone).date())
    tier = announcement.context.tier if announcement.context and rule.on_one_day else None
    return ":".join([announcement.notice, *map(date.isoformat, days), *([f"tier-{tier}"] if tier is not None else [])])


def duplicate_patterns(key: str) -> list[str]:
    """What the natural key of a duplicate is like (SQL): the same, planned or not; of a planned one also its tier on
    another day, in case that it is planned anew.
    """
    plain, is_planned, tier = key.partition(":tier-")
    return [f"{plain}%", f"{plain.rpartition(':')[0]}:%:tier-{tier}"] if is_planned else [f"{plain}%"]
