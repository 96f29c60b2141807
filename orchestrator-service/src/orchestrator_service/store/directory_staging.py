"""The lines of a directory file in temporary tables, and what is wrong between them or with the directory."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from shared_lib.csv_file import Problem
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
    tell_all_coordinators boolean,
    reply_to text,
    since_day date,
    expires_day date
) ON COMMIT DROP;
"""
# What a column that the file does not have leaves as it is, by column: read from the directory into the staged lines.
_OF_PERSON = """
UPDATE staged s SET {0} = p.{0} FROM person p WHERE p.id = s.id AND s.kind IN ('mentor', 'coordinator', 'admin')
"""
_OF_ORGANISATION = "UPDATE staged s SET {0} = o.{0} FROM organisation o WHERE o.id = s.id AND s.kind = 'organisation'"
_OF_ASSIGNMENT = """
UPDATE staged_place f SET {0} = a.{0} FROM assignment a
WHERE f.kind = 'assignment'
  AND (a.coordinator_id, a.organisation_id, a.chapter_id) = (f.id, f.organisation_id, f.chapter_id)
"""
KEPT_LINES: Mapping[str, Sequence[str]] = {
    "email": [_OF_PERSON.format("email")],
    "push_token": [_OF_PERSON.format("push_token")],
    "channels": [_OF_PERSON.format("channels")],
    "locale": [_OF_PERSON.format("locale"), _OF_ORGANISATION.format("locale")],
    "chapters": [
        """
        UPDATE staged s SET chapters = ARRAY(
            SELECT m.chapter_id FROM membership m WHERE (m.mentor_id, m.organisation_id) = (s.id, s.organisation_id))
        WHERE s.kind = 'mentor'
        """
    ],
    "active": [
        """
        UPDATE staged s SET active = CASE s.kind
            WHEN 'mentor' THEN p.is_mentor WHEN 'coordinator' THEN p.is_coordinator ELSE p.is_admin END
        FROM person p WHERE p.id = s.id AND s.kind IN ('mentor', 'coordinator', 'admin')
        """
    ],
    "region": [
        """
        UPDATE staged s SET region = c.region FROM chapter c
        WHERE s.kind = 'chapter' AND (c.organisation_id, c.id) = (s.organisation_id, s.id)
        """
    ],
    "time_zone": [_OF_ORGANISATION.format("time_zone")],
    "mentor_word": [_OF_ORGANISATION.format("mentor_word")],
    "coordinator_word": [_OF_ORGANISATION.format("coordinator_word")],
    "tell_all_coordinators": [_OF_ORGANISATION.format("tell_all_coordinators")],
    "reply_to": [_OF_ORGANISATION.format("reply_to")],
}
KEPT_PLACES: Mapping[str, str] = {
    "primary": _OF_ASSIGNMENT.format("is_primary"),
    "since": _OF_ASSIGNMENT.format("since"),
    "active": _OF_ASSIGNMENT.format("active"),
}
# A date without time: an assignment begins with that day, a certification ends with it, in the organisation's zone.
_MOMENTS = """
UPDATE staged s SET since = COALESCE(s.since, CAST(s.since_day AS timestamp) AT TIME ZONE zone.name),
    expires_at = COALESCE(s.expires_at, (s.expires_day + time '23:59:59') AT TIME ZONE zone.name)
FROM (SELECT id, COALESCE(time_zone, 'Europe/Oslo') AS name FROM staged WHERE kind = 'organisation'
      UNION ALL
      SELECT id, time_zone FROM organisation o
      WHERE NOT EXISTS (SELECT 1 FROM staged f WHERE f.kind = 'organisation' AND f.id = o.id)) AS zone
JOIN pg_timezone_names USING (name)
WHERE zone.id = s.organisation_id AND (s.since_day IS NOT NULL OR s.expires_day IS NOT NULL)
"""
_GATHER = """
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
_UNKNOWN_ZONE = """
SELECT line, 'time_zone', 'is not a time zone that the database knows'
FROM staged
WHERE kind = 'organisation' AND time_zone IS NOT NULL AND time_zone NOT IN (SELECT name FROM pg_timezone_names)
"""
_OUT_OF_RANGE = """
SELECT line, 'since', 'must lie between 2000 and 2100' FROM staged
WHERE since < '2000-01-01 UTC' OR since >= '2100-01-01 UTC'
UNION ALL
SELECT line, 'expires', 'must lie between 2000 and 2100' FROM staged
WHERE expires_at < '2000-01-01 UTC' OR expires_at >= '2100-01-01 UTC'
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
    _UNKNOWN_ZONE,
    _OUT_OF_RANGE,
)
_FIRST_PROBLEMS = f"""
SELECT line, "column", reason, count(*) OVER () AS found FROM ({" UNION ALL ".join(CHECKS)}) AS problem
ORDER BY line LIMIT :limit
"""  # noqa: S608 - put together from the constants above


_UNREACHABLE = """
SELECT min(s.line) AS line, 'channels' AS "column",
       'no channel reaches this coordinator: the admins of the organisation get their notices' AS reason
FROM staged s JOIN staged_person f ON f.id = s.id
WHERE s.kind = 'coordinator' AND f.is_coordinator AND NOT 'in_app' = ANY (f.channels)
  AND NOT ('email' = ANY (f.channels) AND f.email IS NOT NULL)
  AND NOT ('push' = ANY (f.channels) AND f.push_token IS NOT NULL)
GROUP BY s.id ORDER BY line LIMIT :limit
"""


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


def prepare(session: Session, *, absent: Set[str]) -> None:
    """Gather each person from all of their lines, and each place a line names, for the checks and the merge.

    What `absent`, the columns that the file does not have, say in the directory is taken from there.
    """
    kept_lines = [statement for column, kept in KEPT_LINES.items() if column in absent for statement in kept]
    kept_places = [statement for column, statement in KEPT_PLACES.items() if column in absent]
    for statement in (
        "CREATE INDEX ON staged (kind, id); ANALYZE staged",
        *kept_lines,
        _MOMENTS,
        _GATHER,
        *kept_places,
    ):
        session.execute(text(statement))


def unreachable_coordinators(session: Session, *, limit: int) -> list[Problem]:
    """A warning for each coordinator of the file whom no channel reaches."""
    return [Problem(*row) for row in session.execute(text(_UNREACHABLE), {"limit": limit})]


def problems(session: Session, *, limit: int) -> tuple[Iterable[Problem], int]:
    """The first problems by line, and how many there are."""
    rows = session.execute(text(_FIRST_PROBLEMS), {"limit": max(limit, 1)}).all()
    shown = [Problem(row.line, row.column, row.reason) for row in rows]
    return shown, rows[0].found if rows else 0
