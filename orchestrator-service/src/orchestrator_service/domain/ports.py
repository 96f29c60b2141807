"""What we need from outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from .announcements import DispatchResult
from .pause_events import PauseEvent


@dataclass(frozen=True, kw_only=True)
class OrganisationContact:
    id: str
    name: str = field(repr=False)
    locale: str
    time_zone: str
    mentor_word: str
    coordinator_word: str
    admin_ids: tuple[str, ...]
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
    """One batch. The newest version of each wins there, so that repeats and disorder do no harm."""

    organisation: OrganisationContact
    people: tuple[PersonContact, ...]


class Notifier(Protocol):
    """The service that tells people. Every call may be repeated without harm."""

    def announce(self, event: PauseEvent, *, announcement_id: UUID) -> tuple[DispatchResult, ...]:
        """Tell the event's audience, or learn what became of it; `sent_at` is left to whoever records it."""

    def withdraw(self, announcement_id: UUID) -> None:
        """Take back what has not left yet."""

    def update_contacts(self, contacts: Contacts) -> None:
        """Let it know how people are reached."""


class PersonDataElsewhere(Protocol):
    """What the services after this one hold about a person, by service. May be asked again and again."""

    def export(self, person_id: str) -> Mapping[str, Any]:
        """Every row, by table."""

    def erase(self, person_id: str) -> Mapping[str, Any]:
        """How much of what was removed."""


class FieldCipher(Protocol):
    """Keeps pause reasons unreadable for whoever only has the database."""

    def encrypt(self, row_id: str, text: str) -> tuple[str, bytes]:
        """The id of the key that was used, and the sealed reason."""

    def decrypt(self, row_id: str, key_id: str, sealed: bytes) -> str:
        """The reason of this very event. Raises `shared_lib.privacy.encryption.Unreadable`."""


class Progress(Protocol):
    """Somebody who watches a long run."""

    def at(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Say how far the stage has come."""
