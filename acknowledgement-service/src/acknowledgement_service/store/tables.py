"""The tables of this service as its statements use them; the migrations say which indexes and constraints they have."""

from datetime import datetime
from uuid import UUID

from shared_lib.audit import GRANTS as AUDIT_GRANTS
from shared_lib.idempotency import GRANTS as IDEMPOTENCY_GRANTS
from shared_lib.privacy.key_rotation import EncryptedColumn
from sqlalchemy import BigInteger, DateTime, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TIMESTAMP = DateTime(timezone=True)


class Base(DeclarativeBase):
    """Its metadata describes all tables of this service."""


class LapseRow(Base):
    __tablename__ = "lapse"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    notification_id: Mapped[UUID]
    mentor_id: Mapped[str]
    coordinator_id: Mapped[str]
    organisation_id: Mapped[str]
    expiry_date: Mapped[datetime] = mapped_column(TIMESTAMP)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP)
    acknowledged_at: Mapped[datetime | None] = mapped_column(TIMESTAMP)
    closed_at: Mapped[datetime | None] = mapped_column(TIMESTAMP)
    closed_reason: Mapped[str | None] = mapped_column(Text)
    opened_for: Mapped[str]
    coordinator_version: Mapped[int] = mapped_column(BigInteger, default=0)
    coordinator_has_left: Mapped[bool] = mapped_column(default=False)
    encrypted_notes: Mapped[bytes | None]
    notes_key_id: Mapped[str | None] = mapped_column(Text)
    notes_updated_at: Mapped[datetime | None] = mapped_column(TIMESTAMP)
    version: Mapped[int] = mapped_column(default=1)


class LapseCountRow(Base):
    """How many lapses there are; triggers of the database keep the number (`lapses.COUNTS`)."""

    __tablename__ = "lapse_count"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    coordinator_id: Mapped[str] = mapped_column(primary_key=True)
    is_acknowledged: Mapped[bool] = mapped_column(primary_key=True)
    is_closed: Mapped[bool] = mapped_column(primary_key=True)
    coordinator_has_left: Mapped[bool] = mapped_column(primary_key=True)
    lapses: Mapped[int] = mapped_column(BigInteger)


class CertificationRow(Base):
    """The newest news about a mentor's certification."""

    __tablename__ = "certification"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    mentor_id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime | None] = mapped_column(TIMESTAMP)
    version: Mapped[int] = mapped_column(BigInteger)


NOTES = EncryptedColumn(table="lapse", ciphertext="encrypted_notes", key_id="notes_key_id")

GRANTS = {
    "lapse": "SELECT, INSERT, UPDATE, DELETE",
    "lapse_count": "SELECT",
    "certification": "SELECT, INSERT, UPDATE",
    **AUDIT_GRANTS,
    **IDEMPOTENCY_GRANTS,
}
"""What the app role may do with which table: what the queries of this service need."""
