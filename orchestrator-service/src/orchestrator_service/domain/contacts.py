"""How to reach people: what the notification service keeps a copy of."""

from dataclasses import dataclass, field


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
