"""Renders the text of a dispatch for one recipient."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from notification_service.domain.lapses import WaitingTime
from notification_service.domain.model import Audience, Contact, Dispatch, Notice, Organisation
from notification_service.domain.notice_rules import NOTICE_RULES, days_until
from notification_service.domain.participants import is_reachable
from notification_service.domain.texts.model import Facts, RenderedText
from notification_service.domain.texts.rendering import language_of, render

_DATE_LOCALES = {"nb": "nb", "nn": "nn", "en": "en_GB"}
_PAGES = {
    Audience.MENTOR: "mentor",
    Audience.COORDINATOR: "coordinator",
    Audience.COLLEAGUE: "coordinator",
    Audience.ADMIN: "admin",
}


@dataclass(frozen=True, kw_only=True)
class Texts:
    """`portal_url` is the address of the portal; without one, texts have no link."""

    portal_url: str | None = None
    push_configured: bool = False

    def render(
        self,
        dispatch: Dispatch,
        audience: Audience,
        *,
        recipient: Contact,
        mentor: Contact | None,
        coordinator: Contact | None,
        organisation: Organisation,
        waiting: WaitingTime | None = None,
        at: datetime,
    ) -> RenderedText:
        """In the recipient's language, else the organisation's. Mentions only what is in `Facts`.

        What depends on the present time ("in 3 days", "has run out") is as of `at`.
        """
        language = language_of(recipient.locale, organisation.locale)
        zone, expiry = organisation.time_zone, dispatch.expiry_date
        moment = expiry or dispatch.expected_return_date
        day = moment.astimezone(ZoneInfo(zone)).date() if moment else None
        locale, course = _DATE_LOCALES[language.code], dispatch.enrolled_for
        facts = Facts(
            mentor_name=mentor.name if mentor else "",
            organisation=organisation,
            acted_by=dispatch.acted_by.name if dispatch.acted_by else None,
            coordinator_name=coordinator.name if coordinator else "",
            is_coordinator_reachable=is_reachable(coordinator, dispatch.notice, push_configured=self.push_configured),
            has_coordinator=dispatch.coordinator_id not in (None, dispatch.mentor_id),
            date=_formatted(day, locale) if day else None,
            is_past=expiry is not None and expiry <= at,
            days_remaining=None if expiry is None else days_until(expiry, at=at, time_zone=zone),
            flags=dispatch.flags,
            course_date=_formatted(course, locale) if course else None,
            **_waiting_facts(waiting, at=at, time_zone=zone, locale=locale),
        )
        return render(
            language,
            notice=dispatch.notice,
            audience=audience,
            facts=facts,
            recipient_name=recipient.name,
            link=self._link(dispatch.notice, audience),
        )

    def _link(self, notice: Notice, audience: Audience) -> str | None:
        """The page for this audience: the same address for every person, so that it reveals nothing about one."""
        if self.portal_url is None:
            return None
        address, mark, query = self.portal_url.partition("?")
        return f"{address.rstrip('/')}/{_PAGES[audience]}/{NOTICE_RULES[notice].topic}{mark}{query}"


def _waiting_facts(waiting: WaitingTime | None, *, at: datetime, time_zone: str, locale: str) -> dict[str, Any]:
    if waiting is None:
        return {}
    day = waiting.escalates_at.astimezone(ZoneInfo(time_zone)).date() if waiting.escalates_at else None
    is_ahead = waiting.escalates_at is not None and waiting.escalates_at > at
    return {
        "escalation_date": _formatted(day, locale) if day is not None and is_ahead else None,
        "days_waited": days_until(at, at=waiting.since, time_zone=time_zone),
    }


@lru_cache(maxsize=1024)
def _formatted(day: date, locale: str) -> str:
    return format_date(day, format="long", locale=locale)
