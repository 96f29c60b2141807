"""The tables of the orchestrator, as the migrations make them."""

from .base import Base
from .directory import (
    AssignmentRow,
    CertificationRow,
    ChapterRow,
    ContactRow,
    MembershipRow,
    OrganisationContactRow,
    OrganisationRow,
    PersonRow,
)
from .events import DispatchResultRow, EventCountRow, MentorEventCountRow, PauseEventRow

__all__ = [
    "AssignmentRow",
    "Base",
    "CertificationRow",
    "ChapterRow",
    "ContactRow",
    "DispatchResultRow",
    "EventCountRow",
    "MembershipRow",
    "MentorEventCountRow",
    "OrganisationContactRow",
    "OrganisationRow",
    "PauseEventRow",
    "PersonRow",
]
