"""People and organisations, announcements, and the dispatches and messages that come of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo


class Notice(StrEnum):
    """The types of notice. Each has a rule (`notice_rules`) and texts; those that are announced have an example in the
    contract.
    """

    PAUSE_ACTIVATED = "pause_activated"
    PAUSE_LIFTED = "pause_lifted"
    CERT_EXPIRY = "cert_expiry"
    CERT_EXPIRY_REMINDER = "cert_expiry_reminder"
    RETURN_SOON = "return_soon"
    RETURN_TODAY = "return_today"
    RETURN_OVERDUE = "return_overdue"
    CHECK_IN = "check_in"
    CERT_RENEWED = "cert_renewed"
    LAPSE_REMINDER = "lapse_reminder"
    LAPSE_ESCALATION = "lapse_escalation"


class Flag(StrEnum):
    """A fact that chooses lines of a text; the orchestrator alone knows it.

    `RETURNED`, `STILL_PAUSED`: what a renewal did to a pause; `LAPSED`: the mentor's certification has run out;
    `AUTO_PAUSED`: the mentor is paused because of that; `NOT_REQUIRED`: the pause ended because the mentor needs no
    certification any more.
    """

    RETURNED = "returned"
    STILL_PAUSED = "still_paused"
    LAPSED = "lapsed"
    AUTO_PAUSED = "auto_paused"
    NOT_REQUIRED = "not_required"


class Channel(StrEnum):
    EMAIL = "email"
    PUSH = "push"
    IN_APP = "in_app"


class Audience(StrEnum):
    """The role in which a person is notified; it decides the text."""

    MENTOR = "mentor"
    COORDINATOR = "coordinator"
    COLLEAGUE = "colleague"
    ADMIN = "admin"


class Status(StrEnum):
    """The state of a message. `SENT`: the mail server took it. `DELIVERED`: it really arrived."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class NoticeSettings:
    """When an organisation's planned notices are sent: on working days that are no holidays, from `send_time` until
    `quiet_from`, and no push message from then until `quiet_until`. A lapse that waits so many days is told again, to
    the coordinator and to the admins; None: never.
    """

    lapse_reminder_days: int | None = 3
    lapse_escalation_days: int | None = 7
    send_time: time = time(9)
    quiet_from: time = time(20)
    quiet_until: time = time(8)
    working_days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri")
    holidays: tuple[date, ...] = ()

    def end_of_quiet_hours(self, *, at: datetime, time_zone: str) -> datetime | None:
        """When they end, in UTC; None outside them. They may last over midnight."""
        local = at.astimezone(ZoneInfo(time_zone))
        begins, ends, now = self.quiet_from, self.quiet_until, local.time()
        is_quiet = begins <= now < ends if begins <= ends else now >= begins or now < ends
        if not is_quiet:
            return None
        day = local.date() + timedelta(days=0 if now < ends else 1)
        return datetime.combine(day, ends, tzinfo=local.tzinfo).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """Our copy of an organisation in the orchestrator's directory. Its settings are stored with it and read apart."""

    id: str
    name: str
    locale: str = "nb"
    time_zone: str = "Europe/Oslo"
    mentor_word: str | None = None
    coordinator_word: str | None = None
    reply_to: str | None = None
    admin_ids: tuple[str, ...] = ()
    version: int = 0
    settings: NoticeSettings | None = None

    @classmethod
    def unknown(cls, organisation_id: str) -> "Organisation":
        """The defaults, for an organisation that arrives after its contacts."""
        return cls(id=organisation_id, name="")


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Our copy of a person in the orchestrator's directory; the highest `version` is the newest.

    `is_erased`: their data were removed, and no update brings them back.
    """

    id: str
    organisation_id: str
    name: str
    email: str | None = None
    push_token: str | None = None
    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    locale: str | None = None
    coordinator_id: str | None = None
    is_mentor: bool = False
    active: bool = True
    version: int = 0
    is_erased: bool = False

    @property
    def is_active_mentor(self) -> bool:
        return self.is_mentor and self.active


@dataclass(frozen=True, kw_only=True)
class ActingPerson:
    """The person who recorded it, when that was not the mentor."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """The participants as the orchestrator knows them at the moment of the event; they win over our own contacts."""

    organisation_id: str
    coordinator_id: str | None
    admin_ids: tuple[str, ...] = ()
    acted_by: ActingPerson | None = None
    also: tuple[str, ...] = ()
    expiry_date: datetime | None = None
    effective_date: datetime | None = None
    """Of the pause event."""
    planned: bool = False
    """The orchestrator planned the notice itself; nobody asked for it."""
    tier: int | None = None
    """Of a planned reminder: how many days before the expiry it is due."""
    occurred_at: datetime | None = None
    contact_version: int | None = None
    """The mentor's contact that `coordinator_id` agrees with."""
    flags: frozenset[Flag] = frozenset()
    enrolled_for: date | None = None
    """The day of the course for which the mentor is enrolled."""


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """A request to notify people. The reason of a pause is not part of it."""

    notice: Notice
    mentor_id: str
    expected_return_date: datetime | None = None
    expiry_date: datetime | None = None
    days_remaining: int | None = None
    context: Context | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """A notice for one recipient on one channel."""

    number: int
    recipient_id: str
    audience: Audience
    channel: Channel
    status: Status
    reason: str | None = None
    outbox_id: UUID | None = None

    @property
    def message_id(self) -> str:
        return f"msg-{self.number:05d}"


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """An announcement that was accepted, with a message per recipient and channel."""

    id: UUID
    organisation_id: str
    notice: Notice
    mentor_id: str
    coordinator_id: str | None
    created_at: datetime
    messages: tuple[Message, ...]
    expected_return_date: datetime | None = None
    expiry_date: datetime | None = None
    effective_date: datetime | None = None
    """Of the orchestrator's pause event."""
    days_remaining: int | None = None
    """Counted when the announcement was accepted, for the answer alone: a text counts from `expiry_date`."""
    contact_version: int | None = None
    """The mentor's contact that `coordinator_id` agrees with."""
    acted_by: ActingPerson | None = None
    flags: frozenset[Flag] = frozenset()
    enrolled_for: date | None = None
    planned: bool = False
    """The orchestrator planned it itself."""
    withdrawn_at: datetime | None = None
    lapse_outbox_id: UUID | None = None
    lapse_opened_at: datetime | None = None
    chased_dispatch_id: UUID | None = None
    """The dispatch whose lapse nobody has acknowledged, of a notice that says so."""


class DispatchNotFound(Exception):
    """No notice was recorded under this key."""

    def __init__(self) -> None:
        super().__init__("No dispatch under this key.")
