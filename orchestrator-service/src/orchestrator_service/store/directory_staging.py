"""The lines of a directory file in temporary tables, and what is wrong between them or with the directory."""

from collections.abc import Iterable
from typing import Any

from shared_lib.database.engine import copy_rows
from sqlalchemy import text
from sqlalchemy.orm import Session

from orchestrator_service.domain.directory_file import Problem

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
    tell_all_coordinators boolean,
    reply_to text
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

# Each check answers line, column and reason of every line that fails it.
_TWICE = """
SELECT line, 'id' AS "column", 'stands already in line ' || first AS reason
FROM (SELECT line, min(line) OVER same AS first FROM staged
      WHERE kind <> 'assignment'
      WINDOW same AS (PARTITION BY kind, id, CASE WHEN kind = 'chapter' THEN organisation_id END)) AS lines
WHERE line > first
"""
_ASSIGNED_TWICE = """
SELECT line, 'chapters', 'the same assignment stands already in line ' || first
FROM (SELECT line, min(line) OVER (PARTITION BY id, organisation_id, chapter_id) AS first
      FROM staged_place WHERE kind = 'assignment') AS places
WHERE line > first
"""
_UNKNOWN_ORGANISATION = """
SELECT line, 'organisation', 'there is no such organisation in the file or in the directory'
FROM staged s
WHERE kind <> 'organisation' AND organisation_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM staged o WHERE o.kind = 'organisation' AND o.id = s.organisation_id)
  AND NOT EXISTS (SELECT 1 FROM organisation o WHERE o.id = s.organisation_id)
"""
_UNKNOWN_CHAPTER = """
SELECT DISTINCT line, 'chapters', 'there is no chapter ' || chapter_id || ' of this organisation'
FROM staged_place p
WHERE organisation_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM staged c WHERE c.kind = 'chapter' AND c.id = p.chapter_id
                  AND c.organisation_id = p.organisation_id)
  AND NOT EXISTS (SELECT 1 FROM chapter c WHERE c.id = p.chapter_id AND c.organisation_id = p.organisation_id)
"""
_OTHER_ORGANISATION = """
SELECT s.line, 'organisation', 'this person belongs to another organisation'
FROM staged s
LEFT JOIN staged_person f ON f.id = s.id
LEFT JOIN person p ON p.id = s.id
WHERE s.kind IN ('mentor', 'coordinator', 'admin')
  AND s.organisation_id <> COALESCE(p.organisation_id, f.organisation_id)
"""
_CONTRADICTING = """
SELECT s.line, difference.name, 'differs from line ' || min(e.line) || ', which is about the same person'
FROM staged s
JOIN staged e ON e.id = s.id AND e.line < s.line
CROSS JOIN LATERAL (VALUES
    ('name', s.name <> e.name), ('email', s.email <> e.email), ('push_token', s.push_token <> e.push_token),
    ('channels', s.channels <> e.channels), ('locale', s.locale <> e.locale)) AS difference (name, found)
WHERE s.kind IN ('mentor', 'coordinator', 'admin') AND e.kind IN ('mentor', 'coordinator', 'admin')
  AND e.kind <> s.kind AND difference.found
GROUP BY s.line, difference.name
"""
_NO_COORDINATOR = """
SELECT s.line, 'id', 'there is no such coordinator in this organisation'
FROM staged s
LEFT JOIN staged_person f ON f.id = s.id
LEFT JOIN person p ON p.id = s.id
WHERE s.kind = 'assignment' AND s.organisation_id IS NOT NULL AND COALESCE(s.active, true)
  AND (COALESCE(f.is_coordinator, p.is_coordinator, false) IS FALSE
       OR COALESCE(p.organisation_id, f.organisation_id) <> s.organisation_id)
"""
_NO_PERSON = """
SELECT s.line, 'id', 'there is no such coordinator in this organisation'
FROM staged s
WHERE s.kind = 'assignment' AND NOT COALESCE(s.active, true)
  AND NOT EXISTS (SELECT 1 FROM staged_person f WHERE f.id = s.id)
  AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = s.id)
"""
_NO_MENTOR = """
SELECT s.line, 'id', 'there is no such mentor in this organisation'
FROM staged s
LEFT JOIN staged_person f ON f.id = s.id
LEFT JOIN person p ON p.id = s.id
WHERE s.kind = 'certification' AND s.organisation_id IS NOT NULL
  AND (COALESCE(f.is_mentor, p.is_mentor) IS NULL
       OR COALESCE(p.organisation_id, f.organisation_id) <> s.organisation_id)
"""
CHECKS = (
    _TWICE,
    _ASSIGNED_TWICE,
    _UNKNOWN_ORGANISATION,
    _UNKNOWN_CHAPTER,
    _OTHER_ORGANISATION,
    _CONTRADICTING,
    _NO_COORDINATOR,
    _NO_PERSON,
    _NO_MENTOR,
)
_FIRST_PROBLEMS = f"""
SELECT line, "column", reason, count(*) OVER () AS found FROM ({" UNION ALL ".join(CHECKS)}) AS problem
ORDER BY line LIMIT :limit
"""  # noqa: S608 - put together from the constants above


def take_turn(session: Session) -> bool:
    """Keep imports, and what must not run beside one, apart until the transaction ends; False while one runs."""
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK}))


def begin(session: Session) -> bool:
    """Create the staging table; False when another import is running. Lifts the transaction's time-outs."""
    session.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"))
    if not take_turn(session):
        return False
    session.execute(text(_CREATE))
    return True


def copy(session: Session, rows: Iterable[tuple[Any, ...]]) -> None:
    """Stream the rows into the staging table; they come in the order of its columns."""
    copy_rows(session, "COPY staged FROM STDIN", rows)


def leave_out_erased(session: Session) -> list[str]:
    """Drop the lines about people whose data were removed: a file must not bring them back. Returns their ids."""
    dropped = text(
        "WITH dropped AS (DELETE FROM staged s USING person p WHERE p.id = s.id AND p.erased_at IS NOT NULL "
        "AND s.kind IN ('mentor', 'coordinator', 'admin', 'assignment', 'certification') RETURNING s.id) "
        "SELECT DISTINCT id FROM dropped ORDER BY id"
    )
    return list(session.scalars(dropped))


def prepare(session: Session) -> None:
    """Gather each person from all of their lines, and each place a line names, for the checks and the merge."""
    session.execute(text(_PREPARE))


def problems(session: Session, *, limit: int) -> tuple[Iterable[Problem], int]:
    """The first problems by line, and how many there are."""
    rows = session.execute(text(_FIRST_PROBLEMS), {"limit": max(limit, 1)}).all()
    shown = [Problem(row.line, row.column, row.reason) for row in rows]
    return shown, rows[0].found if rows else 0
