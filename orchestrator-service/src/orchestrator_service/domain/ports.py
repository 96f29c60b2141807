"""What this service needs from outside, and the contacts that it sends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Protocol
from uuid import UUID

from .announcements import DispatchResult
from .notices import Notice
from .pause_events import PauseEvent


@dataclass(frozen=True, kw_only=True)
class NoticeSettings:
    """What the notification service plans by. `holidays`: the days off ahead, of which it knows no calendar."""

    lapse_reminder_days: int | None
    lapse_escalation_days: int | None
    send_time: time
    quiet_from: time
    quiet_until: time
    working_days: tuple[str, ...]
    holidays: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class OrganisationContact:
    id: str
    name: str = field(repr=False)
    locale: str
    time_zone: str
    mentor_word: str | None
    coordinator_word: str | None
    reply_to: str | None = field(repr=False)
    admin_ids: tuple[str, ...]
    settings: NoticeSettings
    version: int


@dataclass(frozen=True, kw_only=True)
class PersonContact:
    id: str
    organisation_id: str
    name: str = field(repr=False)
    email: str | None = field(repr=False)
    push_token: str | None = field(repr=False)
    channels: tuple[str, ...]
    locale: str | None
    coordinator_id: str | None
    is_mentor: bool
    active: bool
    version: int


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """One batch. The newest version of each wins there, so that repeats and disorder are harmless."""

    organisation: OrganisationContact
    people: tuple[PersonContact, ...]


@dataclass(frozen=True, kw_only=True)
class CertificationNews:
    """A mentor's certification as it is now; None: they need none any more. The newest version wins there."""

    mentor_id: str
    organisation_id: str
    expires_at: datetime | None
    reason: str
    """`renewed`, `not_required`, `mentor_left` or `erased`."""
    version: int


class Notifier(Protocol):
    """The notification service. Every call is idempotent."""

    def announce(
        self, event: PauseEvent, *, announcement_id: UUID, occurred_at: datetime, contact_version: int | None
    ) -> tuple[DispatchResult, ...]:
        """Send the event to its audience, or return the outcomes so far; their `sent_at` is None.

        The lifetime of its messages begins with `occurred_at`. Once the service has a newer contact of the mentor than
        `contact_version`, it knows the coordinator better than the event.
        """

    def notify(self, notice: Notice, *, notice_id: UUID) -> None:
        """Send a notice that is no event."""

    def withdraw(self, announcement_id: UUID) -> tuple[DispatchResult, ...]:
        """Withdraw the messages that have not left yet; returns the outcomes, none for an unknown announcement.

        The id of a notice is one too.
        """

    def update_contacts(self, contacts: Contacts) -> None:
        """Replace its copy of these contacts where it is older. Raises RetryLater where it is newer."""

    def update_certification(self, news: CertificationNews) -> None:
        """Replace its copy of the certification where it is older: lapses that are outdated are closed.

        Raises RetryLater where it is newer.
        """


class PersonDataElsewhere(Protocol):
    """The data that the downstream services hold about a person, by service. Every call is idempotent."""

    def export(self, person_id: str) -> Mapping[str, Any]:
        """Every row, by table."""

    def erase(self, person_id: str) -> Mapping[str, Any]:
        """How many rows of each table were removed."""


class Progress(Protocol):
    """Watches a long run."""

    def at(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Say how far the stage has come."""
