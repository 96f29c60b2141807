"""The lines of a directory file in a temporary table, so that PostgreSQL can look at all of them at once."""

from collections.abc import Iterable
from typing import Any

from shared_lib.database.engine import copy_rows
from sqlalchemy import text
from sqlalchemy.orm import Session

IMPORT_LOCK = 7_204_915_027
"""Of pg_try_advisory_xact_lock: one import at a time."""

_CREATE = """
CREATE TEMPORARY TABLE staged (
    line integer NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    organisation_id text,
    name text,
    email text,
    push_token text,
    channels text[],
    locale text,
    chapters text[],
    is_primary boolean,
    since timestamptz,
    active boolean,
    expires_at timestamptz,
    region text,
    time_zone text,
    mentor_word text,
    coordinator_word text,
    tell_all_coordinators boolean
) ON COMMIT DROP;
"""
_PREPARE = """
CREATE INDEX ON staged (kind, id);
ANALYZE staged;
CREATE TEMPORARY TABLE staged_person ON COMMIT DROP AS
SELECT id,
       min(organisation_id) AS organisation_id,
       min(name) AS name,
       min(email) AS email,
       min(push_token) AS push_token,
       COALESCE(min(channels), ARRAY['email']) AS channels,
       min(locale) AS locale,
       bool_or(COALESCE(active, true)) FILTER (WHERE kind = 'mentor') AS is_mentor,
       bool_or(COALESCE(active, true)) FILTER (WHERE kind = 'coordinator') AS is_coordinator,
       bool_or(COALESCE(active, true)) FILTER (WHERE kind = 'admin') AS is_admin
FROM staged WHERE kind IN ('mentor', 'coordinator', 'admin') GROUP BY id;
CREATE UNIQUE INDEX ON staged_person (id);
ANALYZE staged_person;
CREATE TEMPORARY TABLE staged_place ON COMMIT DROP AS
SELECT line, kind, id, organisation_id, unnest(chapters) AS chapter_id, is_primary, since, active
FROM staged WHERE kind IN ('mentor', 'assignment');
CREATE INDEX ON staged_place (organisation_id, chapter_id);
ANALYZE staged_place;
"""


def take_turn(session: Session) -> bool:
    """Keep imports, and whoever must not meet one, apart until the transaction ends; False when another is at it."""
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK}))


def begin(session: Session) -> bool:
    """Make the staging table; False when another import is running. This transaction may take its time."""
    session.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"))
    if not take_turn(session):
        return False
    session.execute(text(_CREATE))
    return True


def copy(session: Session, rows: Iterable[tuple[Any, ...]]) -> None:
    """Stream the rows into the staging table; they come in the order of its columns."""
    copy_rows(session, "COPY staged FROM STDIN", rows)


def leave_out_erased(session: Session) -> list[str]:
    """Drop the lines about people whose data were removed: a file must not bring them back. Answers who they are."""
    dropped = text(
        "WITH dropped AS (DELETE FROM staged s USING person p WHERE p.id = s.id AND p.erased_at IS NOT NULL "
        "AND s.kind IN ('mentor', 'coordinator', 'admin', 'assignment', 'certification') RETURNING s.id) "
        "SELECT DISTINCT id FROM dropped ORDER BY id"
    )
    return list(session.scalars(dropped))


def prepare(session: Session) -> None:
    """Gather each person from all of his lines, and each place a line names, for the checks and the merge."""
    session.execute(text(_PREPARE))
