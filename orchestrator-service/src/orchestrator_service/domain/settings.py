"""The settings of an organisation: words, reminders, hours. What was never set has a default."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, time
from typing import Any

from .errors import StaleVersion
from .holidays import NORWAY

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

PLANNED_BY = frozenset(
    {
        "time_zone",
        "certification_reminder_days",
        "return_reminder_days",
        "return_overdue_days",
        "send_time",
        "quiet_from",
        "quiet_until",
        "working_days",
        "holidays",
        "extra_holidays",
    }
)
"""The settings that decide when something is due: a change of one of them causes nothing that would have been due."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Words that are None are those of each language; days that are None are switched off.

    `extra_holidays` are `MM-DD`, every year, or `YYYY-MM-DD`. Planned notices are sent on working days from `send_time`
    until `quiet_from`.
    """

    locale: str = "nb"
    time_zone: str = "Europe/Oslo"
    mentor_word: str | None = None
    coordinator_word: str | None = None
    tell_all_coordinators: bool = False
    certification_reminder_days: tuple[int, ...] = (30, 14, 7)
    certification_auto_pause: bool = False
    enrolment_grace_days: int = 14
    return_reminder_days: tuple[int, ...] = (2, 0)
    return_overdue_days: int = 1
    lapse_reminder_days: int | None = 3
    lapse_escalation_days: int | None = 7
    send_time: time = time(9)
    quiet_from: time = time(20)
    quiet_until: time = time(8)
    working_days: tuple[str, ...] = WEEKDAYS[:5]
    holidays: str | None = NORWAY
    extra_holidays: tuple[str, ...] = ("12-24",)
    acknowledge_by_link: bool = False

    def changed_from(self, before: "Settings") -> Mapping[str, tuple[Any, Any]]:
        """The members that differ, each with the old and the new value."""
        pairs = {field.name: (getattr(before, field.name), getattr(self, field.name)) for field in fields(self)}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@dataclass(frozen=True, kw_only=True)
class OrganisationSettings:
    """The settings of one organisation in one revision. `settings_since`: when what is planned by changed last."""

    organisation_id: str
    settings: Settings
    revision: int = 1
    settings_since: datetime | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None

    def must_be(self, versions: Collection[int] | None) -> None:
        """Raises StaleVersion unless the caller knows this revision, or knows of none."""
        if versions is not None and self.revision not in versions:
            raise StaleVersion

    def replaced(self, settings: Settings, *, by: str, at: datetime) -> "OrganisationSettings":
        """The next revision."""
        is_planned_anew = bool(PLANNED_BY & settings.changed_from(self.settings).keys())
        return replace(
            self,
            settings=settings,
            revision=self.revision + 1,
            settings_since=at if is_planned_anew else self.settings_since,
            updated_at=at,
            updated_by=by,
        )
