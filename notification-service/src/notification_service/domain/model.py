"""The things this service speaks of: people and organisations, what is announced, what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Notice(StrEnum):
    """What is told; each has a rule (`notice_rules`), texts, an endpoint and an example in the contract."""

    PAUSE_ACTIVATED = "pause_activated"
    PAUSE_LIFTED = "pause_lifted"
    CERT_EXPIRY = "cert_expiry"
    CERT_EXPIRY_REMINDER = "cert_expiry_reminder"


class Channel(StrEnum):
    EMAIL = "email"
    PUSH = "push"
    IN_APP = "in_app"


class Audience(StrEnum):
    """In which role somebody is told; it decides the wording."""

    MENTOR = "mentor"
    COORDINATOR = "coordinator"
    COLLEAGUE = "colleague"
    ADMIN = "admin"


class Status(StrEnum):
    """What became of a message. `SENT`: the mail server took it. `DELIVERED`: it really arrived."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """Our copy of what the directory says of an organisation."""

    id: str
    name: str
    locale: str = "nb"
    time_zone: str = "Europe/Oslo"
    mentor_word: str | None = None
    coordinator_word: str | None = None
    admin_ids: tuple[str, ...] = ()
    version: int = 0

    @classmethod
    def unheard_of(cls, organisation_id: str) -> "Organisation":
        """Contacts may arrive before their organisation; until then the defaults speak for it."""
        return cls(id=organisation_id, name="")


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Our copy of how one person is reached. The directory is the orchestrator's; `version` orders its news."""

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

    @property
    def can_be_told_about(self) -> bool:
        return self.is_mentor and self.active


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who did it, when it was not the mentor."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the orchestrator knows better than our copy of the contacts at the moment of the event."""

    organisation_id: str
    coordinator_id: str | None
    admin_ids: tuple[str, ...] = ()
    acted_by: Actor | None = None
    also: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who may be told beside the mentor."""
        responsible = (self.coordinator_id,) if self.coordinator_id is not None else self.admin_ids
        return (*responsible, *self.also)


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """What somebody asks us to tell. The reason of a pause never gets this far."""

    notice: Notice
    mentor_id: str
    expected_return_date: datetime | None = None
    expiry_date: datetime | None = None
    days_remaining: int | None = None
    context: Context | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """One recipient on one channel."""

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
    """An announcement that was accepted, with everybody it goes to."""

    id: UUID
    organisation_id: str
    notice: Notice
    mentor_id: str
    coordinator_id: str | None
    created_at: datetime
    messages: tuple[Message, ...]
    expected_return_date: datetime | None = None
    expiry_date: datetime | None = None
    days_remaining: int | None = None
    acted_by: Actor | None = None
    withdrawn_at: datetime | None = None
    lapse_outbox_id: UUID | None = None
    lapse_opened_at: datetime | None = None
