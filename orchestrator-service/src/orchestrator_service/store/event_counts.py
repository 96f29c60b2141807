"""How many events there are: kept as they come and go, because counting would walk the table."""

from collections.abc import Sequence

from shared_lib.database.counter_tables import CounterTable
from shared_lib.pipeline import Later
from shared_lib.statements import send
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator_service.domain.event_lists import EventFilter
from orchestrator_service.domain.pause_events import PauseEvent

from .tables import EventCountRow

TALLY = CounterTable(
    table="event_count",
    source="pause_event",
    values={
        "organisation_id": "row.organisation_id",
        "coordinator_id": "COALESCE(row.coordinator_id, '')",
        "event_type": "row.event_type",
    },
    number="events",
)
"""To verify and repair; kept by the statements that add and remove events, not by triggers."""

OF_MENTORS = CounterTable(
    table="mentor_event_count",
    source="pause_event",
    values={"peer_mentor_id": "row.peer_mentor_id", **TALLY.values},
    number="events",
)
"""The same by mentor, for lists of a few mentors; kept by triggers. Too many rows to sum up a whole organisation's."""


def change(session: Session, event: PauseEvent, *, by: int) -> None:
    """One row per organisation, coordinator and type, locked before the mentor's by whoever adds or removes."""
    query = insert(EventCountRow).values(
        organisation_id=event.organisation_id,
        coordinator_id=event.coordinator_id or "",
        event_type=event.event_type,
        events=by,
    )
    query = query.on_conflict_do_update(
        index_elements=["organisation_id", "coordinator_id", "event_type"],
        set_={"events": EventCountRow.events + query.excluded.events},
    )
    session.execute(query)


COVERED = frozenset({"event_type", "peer_mentor_id", "coordinator_id"})
"""Fields of `EventFilter` that `total` considers."""

_NARROWED = """
(%(organisation_id)s::text IS NULL OR organisation_id = %(organisation_id)s)
    AND (%(coordinator_id)s::text IS NULL OR coordinator_id = %(coordinator_id)s)
    AND (%(event_type)s::text IS NULL OR event_type = %(event_type)s)
"""
_TOTAL = f"SELECT COALESCE(sum(events), 0) AS total FROM event_count WHERE {_NARROWED}"  # noqa: S608 - our own
_OF_MENTORS = f"""
SELECT COALESCE(sum(events), 0) AS total FROM mentor_event_count
WHERE peer_mentor_id = ANY(%(mentors)s) AND {_NARROWED}
"""  # noqa: S608 - our own


def covers(wanted: EventFilter) -> bool:
    """Whether `total` considers every field that is set."""
    return all(value is None for name, value in vars(wanted).items() if name not in COVERED)


def total(
    session: Session, wanted: EventFilter, *, organisation_id: str | None, mentors: Sequence[str] | None
) -> Later[int]:
    """How many events these mentors have, or all when `mentors` is None, for a filter that is covered.

    Of every organisation when none is named. The filter's own mentor must be among `mentors`.
    """
    values = {
        "organisation_id": organisation_id,
        "mentors": mentors,
        "coordinator_id": wanted.coordinator_id,
        "event_type": wanted.event_type.value if wanted.event_type else None,
    }
    return send(session, _TOTAL if mentors is None else _OF_MENTORS, values).read(lambda rows: int(rows[0].total))
