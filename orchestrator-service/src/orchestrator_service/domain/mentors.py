"""A mentor as those who look after them see them: chapters, coordinator, pause, certification, and who is available."""

import hashlib
from collections.abc import Collection
from dataclasses import astuple, dataclass, field
from datetime import date, datetime
from enum import StrEnum

from .errors import StaleVersion
from .pauses import Cause


class Availability(StrEnum):
    """Whether a mentor may be given work."""

    ACTIVE = "active"
    PAUSED = "paused"
    LAPSED = "lapsed"
    PAUSED_AND_LAPSED = "paused_and_lapsed"


class CertificationState(StrEnum):
    """`expiring`: not more days are left than the largest number of days at which the organisation reminds."""

    VALID = "valid"
    EXPIRING = "expiring"
    LAPSED = "lapsed"


class CertificationFilter(StrEnum):
    """What a list of mentors is narrowed to by their certification."""

    EXPIRING = "expiring"
    LAPSED = "lapsed"
    ENROLLED = "enrolled"


@dataclass(frozen=True, kw_only=True)
class Chapter:
    chapter_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class NamedCoordinator:
    """The responsible coordinator, with the rule that decided and the chapter it came through."""

    coordinator_id: str
    name: str
    rule: str
    source: str


@dataclass(frozen=True, kw_only=True)
class OpenPause:
    """`is_overdue`: the day of the expected return has passed."""

    id: str
    effective_date: datetime
    expected_return_date: datetime | None
    is_overdue: bool
    cause: Cause


@dataclass(frozen=True, kw_only=True)
class Certification:
    """`known_since`: when this expiry date was recorded. `enrolled_for`: the day of the course, while enrolled."""

    expires_at: datetime
    known_since: datetime
    state: CertificationState
    enrolled_for: date | None


@dataclass(frozen=True, kw_only=True)
class Reachable:
    """Over which channels a notice can reach the mentor: those they chose that have an address."""

    email: bool
    push: bool
    in_app: bool


@dataclass(frozen=True, kw_only=True)
class MentorProfile:
    mentor_id: str
    name: str = field(repr=False)
    organisation_id: str
    chapters: tuple[Chapter, ...]
    coordinator: NamedCoordinator | None
    pause: OpenPause | None
    certification: Certification | None
    reachable: Reachable

    @property
    def availability(self) -> Availability:
        is_lapsed = self.certification is not None and self.certification.state is CertificationState.LAPSED
        if self.pause is None:
            return Availability.LAPSED if is_lapsed else Availability.ACTIVE
        return Availability.PAUSED_AND_LAPSED if is_lapsed else Availability.PAUSED

    @property
    def revision(self) -> int:
        """Differs when anything of the profile differs."""
        digest = hashlib.sha256(repr(astuple(self)).encode()).digest()
        return int.from_bytes(digest[:7])

    def must_be(self, versions: Collection[int] | None) -> None:
        """Raises StaleVersion unless the caller knows this revision, or knows of none."""
        if versions is not None and self.revision not in versions:
            raise StaleVersion


@dataclass(frozen=True, kw_only=True)
class MentorFilter:
    """What a list of mentors is narrowed to. `q` is a part of the name or of the id."""

    q: str | None = None
    chapter_id: str | None = None
    availability: Availability | None = None
    without_coordinator: bool = False
    certification: CertificationFilter | None = None
