"""Pause events, what became of their notices, how many there are, and who did what."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared_lib.privacy.key_rotation import EncryptedColumn
from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


def _newest_first(name: str, *columns: str, include: Sequence[str] = ()) -> Index:
    return Index(name, *columns, text("created_at DESC"), text("id DESC"), postgresql_include=include)


class PauseEventRow(Base):
    __tablename__ = "pause_event"
    __table_args__ = (
        Index("pause_event_natural_key", "peer_mentor_id", "event_type", "effective_date", unique=True),
        _newest_first("pause_event_newest"),
        _newest_first("pause_event_of_type", "event_type"),
        _newest_first("pause_event_of_organisation", "organisation_id"),
        _newest_first("pause_event_of_organisation_and_type", "organisation_id", "event_type"),
        _newest_first(
            "pause_event_by_mentor", "peer_mentor_id", include=["organisation_id", "event_type", "coordinator_id"]
        ),
        _newest_first("pause_event_of_coordinator", "coordinator_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    peer_mentor_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    event_type: Mapped[str]
    effective_date: Mapped[datetime]
    encrypted_reason: Mapped[bytes | None]
    reason_key_id: Mapped[str | None]
    expected_return_date: Mapped[datetime | None]
    expiry_date: Mapped[datetime | None]
    days_remaining: Mapped[int | None]
    coordinator_id: Mapped[str | None]
    admin_ids: Mapped[list[str]]
    also_ids: Mapped[list[str]]
    acted_by_id: Mapped[str | None]
    acted_by_name: Mapped[str | None]
    resolution_rule: Mapped[str | None]
    resolution_source: Mapped[str | None]
    announcement_id: Mapped[UUID | None]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]


REASONS = EncryptedColumn(table="pause_event", sealed="encrypted_reason", key_id="reason_key_id")


class DispatchResultRow(Base):
    __tablename__ = "dispatch_result"

    event_id: Mapped[str] = mapped_column(ForeignKey("pause_event.id", ondelete="CASCADE"), primary_key=True)
    recipient_id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    sent_at: Mapped[datetime | None]
    message_id: Mapped[str | None]


class EventCountRow(Base):
    """How many events there are, so that no list has to count them; no coordinator is the empty text."""

    __tablename__ = "event_count"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    coordinator_id: Mapped[str] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)


class MentorEventCountRow(Base):
    """The same by mentor; triggers keep it."""

    __tablename__ = "mentor_event_count"

    peer_mentor_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    coordinator_id: Mapped[str] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)
