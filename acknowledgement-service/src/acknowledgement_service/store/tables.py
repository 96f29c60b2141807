"""The tables of this service."""

from datetime import datetime
from uuid import UUID

from shared_lib.audit import GRANTS as AUDIT_GRANTS
from shared_lib.audit import audit_tables
from shared_lib.idempotency import GRANTS as IDEMPOTENCY_GRANTS
from shared_lib.idempotency import KEYS
from shared_lib.privacy.key_rotation import EncryptedColumn
from sqlalchemy import BigInteger, DateTime, Index, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TIMESTAMP = DateTime(timezone=True)


class Base(DeclarativeBase):
    """Its metadata describes all tables of this service."""


def _open(name: str, *columns: str) -> Index:
    """An index of unacknowledged lapses only: they are few, and most lists ask for them."""
    return Index(name, *columns, postgresql_where="acknowledged_at IS NULL")


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
    encrypted_notes: Mapped[bytes | None]
    notes_key_id: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("notification_id", "coordinator_id", name="lapse_once"),
        Index("lapse_newest", "created_at", "id"),
        Index("lapse_of_coordinator", "coordinator_id", "created_at", "id"),
        Index("lapse_of_mentor", "mentor_id", "created_at", "id"),
        Index("lapse_of_organisation", "organisation_id", "created_at", "id"),
        Index("lapse_by_expiry", "expiry_date", "id"),
        Index("lapse_of_organisation_by_expiry", "organisation_id", "expiry_date", "id"),
        Index("lapse_of_coordinator_by_expiry", "coordinator_id", "expiry_date", "id"),
        _open("lapse_open", "created_at"),
        _open("lapse_open_of_organisation", "organisation_id", "created_at", "id"),
        _open("lapse_open_by_expiry", "expiry_date", "id"),
        _open("lapse_open_of_organisation_by_expiry", "organisation_id", "expiry_date", "id"),
    )


class LapseCountRow(Base):
    """How many lapses there are; triggers of the database keep the number (`lapses.COUNTS`)."""

    __tablename__ = "lapse_count"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    coordinator_id: Mapped[str] = mapped_column(primary_key=True)
    is_acknowledged: Mapped[bool] = mapped_column(primary_key=True)
    lapses: Mapped[int] = mapped_column(BigInteger)


NOTES = EncryptedColumn(table="lapse", ciphertext="encrypted_notes", key_id="notes_key_id")

audit_tables(Base.metadata)
KEYS.to_metadata(Base.metadata)


GRANTS = {
    "lapse": "SELECT, INSERT, UPDATE, DELETE",
    "lapse_count": "SELECT",
    **AUDIT_GRANTS,
    **IDEMPOTENCY_GRANTS,
}
"""What the app role may do with which table: what the queries of this service need."""
