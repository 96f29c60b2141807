"""The directory: organisations, chapters, people, who coordinates whom, certifications."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base

CONTACT_VERSION = Sequence("contact_version", metadata=Base.metadata)


class OrganisationRow(Base):
    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    locale: Mapped[str]
    time_zone: Mapped[str]
    mentor_word: Mapped[str]
    coordinator_word: Mapped[str]
    tell_all_coordinators: Mapped[bool]


class ChapterRow(Base):
    __tablename__ = "chapter"

    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    region: Mapped[str | None]


class PersonRow(Base):
    """Somebody of an organisation, in any number of roles; whoever has none left is no longer active."""

    __tablename__ = "person"
    __table_args__ = (Index("person_admins", "organisation_id", "id", postgresql_where=text("is_admin")),)

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    email: Mapped[str | None]
    push_token: Mapped[str | None]
    channels: Mapped[list[str]]
    locale: Mapped[str | None]
    is_mentor: Mapped[bool]
    is_coordinator: Mapped[bool]
    is_admin: Mapped[bool]
    erased_at: Mapped[datetime | None]


class MembershipRow(Base):
    __tablename__ = "membership"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "chapter_id"], ["chapter.organisation_id", "chapter.id"]),
        Index("membership_chapter", "organisation_id", "chapter_id"),
    )

    mentor_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    chapter_id: Mapped[str] = mapped_column(primary_key=True)


class AssignmentRow(Base):
    """A coordinator looks after the mentors of a chapter. Ended assignments stay, not active."""

    __tablename__ = "assignment"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "chapter_id"], ["chapter.organisation_id", "chapter.id"]),
        Index("assignment_chapter", "organisation_id", "chapter_id"),
    )

    coordinator_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    chapter_id: Mapped[str] = mapped_column(primary_key=True)
    is_primary: Mapped[bool]
    since: Mapped[datetime]
    active: Mapped[bool]


class CertificationRow(Base):
    __tablename__ = "certification"

    mentor_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    expires_at: Mapped[datetime]


class ContactRow(Base):
    """Which state of a person's contact was last promised to the notification service."""

    __tablename__ = "contact"

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    digest: Mapped[bytes]
    version: Mapped[int] = mapped_column(BigInteger)


class OrganisationContactRow(Base):
    """The same for an organisation."""

    __tablename__ = "organisation_contact"

    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    digest: Mapped[bytes]
    version: Mapped[int] = mapped_column(BigInteger)
