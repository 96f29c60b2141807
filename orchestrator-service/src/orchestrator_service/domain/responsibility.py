"""Which coordinator is responsible for a mentor, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Rule(StrEnum):
    """What decided between the coordinators of a mentor's chapters."""

    ONLY_COORDINATOR = "only_coordinator"
    PRIMARY_ASSIGNMENT = "primary_assignment"
    LOWEST_CHAPTER = "lowest_chapter"
    EARLIEST_ASSIGNMENT = "earliest_assignment"
    LOWEST_COORDINATOR = "lowest_coordinator"


class Unresolved(StrEnum):
    """Why no coordinator is responsible."""

    NO_CHAPTER = "no_chapter"
    NO_ASSIGNMENT = "no_active_assignment"

    @property
    def sentence(self) -> str:
        return {
            Unresolved.NO_CHAPTER: "the mentor belongs to no chapter",
            Unresolved.NO_ASSIGNMENT: "no active coordinator is assigned to the mentor's chapters",
        }[self]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An active coordinator of the mentor's organisation, assigned to one of the mentor's chapters."""

    coordinator_id: str
    chapter_id: str
    is_primary: bool
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Responsibility:
    """The answer, with the rule that decided and the chapter it came through."""

    coordinator_id: str
    rule: Rule
    source: str


@dataclass(frozen=True, kw_only=True)
class ResolvedCoordinator:
    """The answer to a request for a mentor's coordinator."""

    peer_mentor_id: str
    coordinator_id: str
    coordinator_name: str
    coordinator_email: str | None
    rule: Rule
    source: str


def responsible_of(candidates: Sequence[Candidate]) -> Responsibility | None:
    """The first of the candidates, which come in order of precedence, with the reason why it is not another one."""
    if not candidates:
        return None
    first = candidates[0]
    others = [candidate for candidate in candidates if candidate.coordinator_id != first.coordinator_id]
    rule = _advantage(first, others[0]) if others else Rule.ONLY_COORDINATOR
    return Responsibility(coordinator_id=first.coordinator_id, rule=rule, source=f"chapter:{first.chapter_id}")


def _advantage(first: Candidate, other: Candidate) -> Rule:
    if first.is_primary != other.is_primary:
        return Rule.PRIMARY_ASSIGNMENT
    if first.chapter_id != other.chapter_id:
        return Rule.LOWEST_CHAPTER
    if first.since != other.since:
        return Rule.EARLIEST_ASSIGNMENT
    return Rule.LOWEST_COORDINATOR
