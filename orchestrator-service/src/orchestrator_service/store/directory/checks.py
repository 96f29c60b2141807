"""What can be wrong between the lines of a directory file, or between them and the directory."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from orchestrator_service.domain.directory import Problem

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
_ELSEWHERE = """
SELECT s.line, 'organisation', 'this person belongs to another organisation'
FROM staged s
LEFT JOIN staged_person f ON f.id = s.id
LEFT JOIN person p ON p.id = s.id
WHERE s.kind IN ('mentor', 'coordinator', 'admin')
  AND s.organisation_id <> COALESCE(p.organisation_id, f.organisation_id)
"""
_NOT_OF_ONE_MIND = """
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
    _ELSEWHERE,
    _NOT_OF_ONE_MIND,
    _NO_COORDINATOR,
    _NO_PERSON,
    _NO_MENTOR,
)
_FIRST_OF_ALL = f"""
SELECT line, "column", reason, count(*) OVER () AS found FROM ({" UNION ALL ".join(CHECKS)}) AS problem
ORDER BY line LIMIT :most
"""  # noqa: S608 - put together from the constants above


def problems(session: Session, *, most: int) -> tuple[Iterable[Problem], int]:
    """The first problems by line, and how many there are."""
    rows = session.execute(text(_FIRST_OF_ALL), {"most": max(most, 1)}).all()
    shown = [Problem(row.line, row.column, row.reason) for row in rows]
    return shown, rows[0].found if rows else 0
