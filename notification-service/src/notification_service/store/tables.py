"""The tables of this service as its statements use them; the migrations say which indexes and constraints they have."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from shared_lib.agenda import GRANTS as AGENDA_GRANTS
from shared_lib.audit import GRANTS as AUDIT_GRANTS
from shared_lib.idempotency import GRANTS as IDEMPOTENCY_GRANTS
from shared_lib.outbox import GRANTS as OUTBOX_GRANTS
from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Text, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text),
    }


class OrganisationRow(Base):
    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    locale: Mapped[str]
    time_zone: Mapped[str]
    mentor_word: Mapped[str | None]
    coordinator_word: Mapped[str | None]
    reply_to: Mapped[str | None]
    admin_ids: Mapped[list[str]]
    version: Mapped[int] = mapped_column(BigInteger)
    settings: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class ContactRow(Base):
    __tablename__ = "contact"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    push_token: Mapped[str | None]
    channels: Mapped[list[str]]
    locale: Mapped[str | None]
    coordinator_id: Mapped[str | None]
    is_mentor: Mapped[bool]
    active: Mapped[bool]
    version: Mapped[int] = mapped_column(BigInteger)
    erased_at: Mapped[datetime | None]


class DispatchRow(Base):
    __tablename__ = "dispatch"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    organisation_id: Mapped[str]
    notice: Mapped[str]
    mentor_id: Mapped[str]
    natural_key: Mapped[str]
    coordinator_id: Mapped[str | None]
    expected_return_date: Mapped[datetime | None]
    expiry_date: Mapped[datetime | None]
    days_remaining: Mapped[int | None]
    effective_date: Mapped[datetime | None]
    contact_version: Mapped[int | None] = mapped_column(BigInteger)
    acted_by_id: Mapped[str | None]
    acted_by_name: Mapped[str | None]
    flags: Mapped[list[str]]
    enrolled_for: Mapped[date | None]
    planned: Mapped[bool]
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    lapse_outbox_id: Mapped[UUID | None]
    lapse_opened_for: Mapped[str | None]
    lapse_opened_at: Mapped[datetime | None]
    lapse_coordinator_id: Mapped[str | None]
    lapse_coordinator_version: Mapped[int | None] = mapped_column(BigInteger)
    lapse_closed_reason: Mapped[str | None]
    lapse_reopened_at: Mapped[datetime | None]
    lapse_taken_over_at: Mapped[datetime | None]
    chased_dispatch_id: Mapped[UUID | None]

    messages: Mapped[list["MessageRow"]] = relationship(
        order_by="MessageRow.number", cascade="all, delete-orphan", passive_deletes=True
    )


class CertificationRow(Base):
    """Our copy of a mentor's certification."""

    __tablename__ = "certification"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    mentor_id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime | None]
    reason: Mapped[str]
    version: Mapped[int] = mapped_column(BigInteger)


class MessageRow(Base):
    __tablename__ = "message"

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    dispatch_id: Mapped[UUID] = mapped_column(ForeignKey("dispatch.id"))
    organisation_id: Mapped[str]
    recipient_id: Mapped[str]
    audience: Mapped[str]
    channel: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    outbox_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class InboxRow(Base):
    __tablename__ = "inbox"

    message_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    organisation_id: Mapped[str]
    recipient_id: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str | None]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


APPEND_ONLY = "SELECT, INSERT"
KEPT = "SELECT, INSERT, UPDATE"
GRANTS = {
    "organisation": KEPT,
    "contact": KEPT,
    "dispatch": KEPT,
    "certification": KEPT,
    "message": KEPT,
    "inbox": f"{APPEND_ONLY}, DELETE",
    **AGENDA_GRANTS,
    **OUTBOX_GRANTS,
    **AUDIT_GRANTS,
    **IDEMPOTENCY_GRANTS,
}
"""What the app role may do with which table: what the queries of this service need."""


def raise_numbers(session: Session) -> None:
    """Let no message id be given again after the sequence of numbers went back.

    It goes on with the time in milliseconds: there were fewer messages than milliseconds.
    """
    session.execute(select(func.raise_message_numbers()))
