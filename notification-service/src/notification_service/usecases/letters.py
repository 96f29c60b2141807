"""Writes the letter that one recipient of a dispatch gets."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

from notification_service.domain.model import Audience, Contact, Dispatch, Notice, Organisation
from notification_service.domain.notice_rules import NOTICE_RULES
from notification_service.domain.wording.letter import language_of, letter
from notification_service.domain.wording.model import Facts, Letter

_DATE_LOCALES = {"nb": "nb", "nn": "nn", "en": "en_GB"}
_PAGES = {
    Audience.MENTOR: "mentor",
    Audience.COORDINATOR: "coordinator",
    Audience.COLLEAGUE: "coordinator",
    Audience.ADMIN: "admin",
}


@dataclass(frozen=True, kw_only=True)
class Letters:
    """`portal_url` is where people look things up; without one, letters carry no link."""

    portal_url: str | None = None

    def write(
        self,
        dispatch: Dispatch,
        audience: Audience,
        *,
        recipient: Contact,
        mentor: Contact | None,
        organisation: Organisation,
    ) -> Letter:
        """In the recipient's language, else the organisation's. Says only what is in `Facts`."""
        language = language_of(recipient.locale, organisation.locale)
        day = _day(dispatch, organisation)
        facts = Facts(
            mentor_name=mentor.name if mentor else "",
            organisation=organisation,
            acted_by=dispatch.acted_by.name if dispatch.acted_by else None,
            has_coordinator=dispatch.coordinator_id not in (None, dispatch.mentor_id),
            date=_written(day, _DATE_LOCALES[language.code]) if day else None,
            is_past=dispatch.expiry_date is not None and dispatch.expiry_date <= dispatch.created_at,
            days_remaining=dispatch.days_remaining,
        )
        return letter(
            language,
            notice=dispatch.notice,
            audience=audience,
            facts=facts,
            recipient_name=recipient.name,
            link=self._link(dispatch.notice, audience),
        )

    def _link(self, notice: Notice, audience: Audience) -> str | None:
        """Where this audience sees it: the same address for everybody, so that it tells nothing about anybody."""
        if self.portal_url is None:
            return None
        return f"{self.portal_url.rstrip('/')}/{_PAGES[audience]}/{NOTICE_RULES[notice].topic}"


@lru_cache(maxsize=1024)
def _written(day: date, locale: str) -> str:
    return format_date(day, format="long", locale=locale)


def _day(dispatch: Dispatch, organisation: Organisation) -> date | None:
    """The day a notice speaks of, where the organisation is."""
    zone = ZoneInfo(organisation.time_zone)
    if dispatch.days_remaining is not None:
        return dispatch.created_at.astimezone(zone).date() + timedelta(days=dispatch.days_remaining)
    moment = dispatch.expiry_date or dispatch.expected_return_date
    return moment.astimezone(zone).date() if moment else None
