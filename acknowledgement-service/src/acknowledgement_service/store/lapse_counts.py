"""How many lapses there are, without walking them."""

from shared_lib.database.counter_tables import CounterTable
from shared_lib.statements import ask_one
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Filters
from acknowledgement_service.domain.visitor import Scope

TALLY = CounterTable(
    table="lapse_count",
    source="lapse",
    by={"organisation_id": "varchar", "coordinator_id": "varchar", "is_acknowledged": "boolean"},
    values={
        "organisation_id": "row.organisation_id",
        "coordinator_id": "row.coordinator_id",
        "is_acknowledged": "row.acknowledged_at IS NOT NULL",
    },
    number="lapses",
)

COVERED = frozenset({"coordinator_id", "is_acknowledged", "sort"})
"""Fields of `Filters` that `total` considers; the order of a list does not change its total."""

_TOTAL = """
SELECT COALESCE(sum(lapses), 0) AS total FROM lapse_count
WHERE (%(organisation_id)s::text IS NULL OR organisation_id = %(organisation_id)s)
    AND (%(own)s::text IS NULL OR coordinator_id = %(own)s)
    AND (%(coordinator_id)s::text IS NULL OR coordinator_id = %(coordinator_id)s)
    AND (%(is_acknowledged)s::boolean IS NULL OR is_acknowledged = %(is_acknowledged)s)
"""


def covers(filters: Filters) -> bool:
    """Whether `total` considers every field that is set."""
    return all(value is None for name, value in vars(filters).items() if name not in COVERED)


def total(session: Session, filters: Filters, *, scope: Scope) -> int:
    """How many lapses of the scope there are, for filters that are covered."""
    if scope.nothing:
        return 0
    found = ask_one(
        session,
        _TOTAL,
        {
            "organisation_id": scope.organisation_id,
            "own": scope.coordinator_id,
            "coordinator_id": filters.coordinator_id,
            "is_acknowledged": filters.is_acknowledged,
        },
    )
    return int(found.total)
