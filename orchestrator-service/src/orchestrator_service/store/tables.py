"""The tables of this service as its statements use them; the migrations say which indexes and constraints they have."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from shared_lib.agenda import GRANTS as AGENDA_GRANTS
from shared_lib.audit import GRANTS as AUDIT_GRANTS
from shared_lib.idempotency import GRANTS as IDEMPOTENCY_GRANTS
from shared_lib.outbox import GRANTS as OUTBOX_GRANTS
from shared_lib.privacy.key_rotation import EncryptedColumn
from sqlalchemy import ARRAY, BigInteger, DateTime, Identity, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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
    tell_all_coordinators: Mapped[bool]
    reply_to: Mapped[str | None]


class OrganisationSettingsRow(Base):
    """The settings that are not columns of the directory; an organisation without a row has the defaults."""

    __tablename__ = "organisation_settings"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    revision: Mapped[int]
    settings_since: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    updated_by: Mapped[str | None]


class PersonRow(Base):
    """A person of an organisation, in any number of roles; a person without a role is no longer active.

    Each role is None where the person never had it, and false where it has ended.
    """

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    push_token: Mapped[str | None]
    channels: Mapped[list[str]]
    locale: Mapped[str | None]
    is_mentor: Mapped[bool] = mapped_column(nullable=True)
    is_coordinator: Mapped[bool] = mapped_column(nullable=True)
    is_admin: Mapped[bool] = mapped_column(nullable=True)
    erased_at: Mapped[datetime | None]


class ChapterRow(Base):
    __tablename__ = "chapter"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    region: Mapped[str | None]


class MembershipRow(Base):
    __tablename__ = "membership"

    mentor_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    chapter_id: Mapped[str] = mapped_column(primary_key=True)


class AssignmentRow(Base):
    """A coordinator looks after the mentors of a chapter, from `since` until `until`, when they have been replaced.

    Ended assignments stay. One that the directory file itself calls ended is not active.
    """

    __tablename__ = "assignment"

    coordinator_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    chapter_id: Mapped[str] = mapped_column(primary_key=True)
    is_primary: Mapped[bool]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    active: Mapped[bool]


class CertificationRow(Base):
    __tablename__ = "certification"

    mentor_id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class CertificationNewsRow(Base):
    """What the notification service was last told about a mentor's certification."""

    __tablename__ = "certification_news"

    mentor_id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime | None]
    reason: Mapped[str]
    version: Mapped[int] = mapped_column(BigInteger)
    known_since: Mapped[datetime]


class CertificationPeriodRow(Base):
    """An expiry date that a mentor's certification has or had; the open period is the one that is planned by."""

    __tablename__ = "certification_period"

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    mentor_id: Mapped[str]
    expires_at: Mapped[datetime]
    known_since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class RenewalEnrolmentRow(Base):
    """The course after which a mentor expects a renewal; None: taken back. It holds for one expiry date."""

    __tablename__ = "renewal_enrolment"

    mentor_id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
    course_date: Mapped[date | None]
    updated_at: Mapped[datetime]


class ContactRow(Base):
    """Which state of a person's contact was last enqueued for the notification service."""

    __tablename__ = "contact"

    person_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    version: Mapped[int] = mapped_column(BigInteger)


class OrganisationContactRow(Base):
    """The same for an organisation."""

    __tablename__ = "organisation_contact"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    version: Mapped[int] = mapped_column(BigInteger)


class PauseEventRow(Base):
    __tablename__ = "pause_event"
    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    organisation_id: Mapped[str]
    peer_mentor_id: Mapped[str]
    event_type: Mapped[str]
    effective_date: Mapped[datetime]
    encrypted_reason: Mapped[bytes | None]
    reason_key_id: Mapped[str | None]
    expected_return_date: Mapped[datetime | None]
    expiry_date: Mapped[datetime | None]
    days_remaining: Mapped[int | None]
    is_planned: Mapped[bool]
    tier: Mapped[int | None]
    cause: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    return_date_since: Mapped[datetime | None]
    recorded_by_id: Mapped[str | None]
    recorded_by_role: Mapped[str | None]
    certified_until: Mapped[datetime | None]
    opposite_number: Mapped[int] = mapped_column(BigInteger)
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


class FormerEventRow(Base):
    """An event about a certification that an administrator removed or moved to another date."""

    __tablename__ = "former_event"

    organisation_id: Mapped[str]
    peer_mentor_id: Mapped[str] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True)
    effective_date: Mapped[datetime] = mapped_column(primary_key=True)


REASONS = EncryptedColumn(table="pause_event", ciphertext="encrypted_reason", key_id="reason_key_id")


class DispatchResultRow(Base):
    __tablename__ = "dispatch_result"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    recipient_id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    sent_at: Mapped[datetime | None]
    message_id: Mapped[str | None]


class EventCountRow(Base):
    """How many events there are; no coordinator is the empty text. Triggers keep it."""

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


KEPT = "SELECT, INSERT, UPDATE"
GRANTS = {
    "organisation": KEPT,
    "organisation_settings": KEPT,
    "chapter": KEPT,
    # MAINTAIN: an import brings the statistics of what it has just written up to date.
    "person": f"{KEPT}, MAINTAIN",
    "membership": "SELECT, INSERT, DELETE, MAINTAIN",
    "assignment": f"{KEPT}, MAINTAIN",
    "certification": f"{KEPT}, DELETE",
    "certification_news": KEPT,
    "certification_period": KEPT,
    "renewal_enrolment": f"{KEPT}, DELETE",
    "contact": f"{KEPT}, DELETE, MAINTAIN",
    "organisation_contact": KEPT,
    "pause_event": f"{KEPT}, DELETE",
    "former_event": "SELECT, INSERT",
    "dispatch_result": KEPT,
    "event_count": "SELECT",
    "mentor_event_count": "SELECT",
    **OUTBOX_GRANTS,
    **AGENDA_GRANTS,
    **AUDIT_GRANTS,
    **IDEMPOTENCY_GRANTS,
}
"""What the app role may do with which table: what the queries of this service need."""
