"""Bringing the directory to what the staged file says: one statement a subject, unchanged rows are not touched."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from orchestrator_service.domain.directory_file import Counts

# Each statement answers, for every row that it wrote, whether the row is new.
_ORGANISATIONS = """
INSERT INTO organisation AS old
    (id, name, locale, time_zone, mentor_word, coordinator_word, tell_all_coordinators, reply_to)
SELECT id, name, COALESCE(locale, 'nb'), COALESCE(time_zone, 'Europe/Oslo'), mentor_word, coordinator_word,
       COALESCE(tell_all_coordinators, false), reply_to
FROM staged WHERE kind = 'organisation'
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, locale = excluded.locale, time_zone = excluded.time_zone,
    mentor_word = excluded.mentor_word, coordinator_word = excluded.coordinator_word,
    tell_all_coordinators = excluded.tell_all_coordinators, reply_to = excluded.reply_to
WHERE old IS DISTINCT FROM excluded
RETURNING xmax = 0 AS is_new
"""
_CHAPTERS = """
INSERT INTO chapter AS old (organisation_id, id, name, region)
SELECT organisation_id, id, name, region FROM staged WHERE kind = 'chapter'
ON CONFLICT (organisation_id, id) DO UPDATE SET name = excluded.name, region = excluded.region
WHERE old IS DISTINCT FROM excluded
RETURNING xmax = 0 AS is_new
"""
# A role that the file does not mention stays as it is.
_PEOPLE = """
INSERT INTO person AS old
    (id, organisation_id, name, email, push_token, channels, locale, is_mentor, is_coordinator, is_admin)
SELECT f.id, f.organisation_id, f.name, f.email, f.push_token, f.channels, f.locale,
       COALESCE(f.is_mentor, p.is_mentor), COALESCE(f.is_coordinator, p.is_coordinator),
       COALESCE(f.is_admin, p.is_admin)
FROM staged_person f LEFT JOIN person p ON p.id = f.id
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, email = excluded.email, push_token = excluded.push_token, channels = excluded.channels,
    locale = excluded.locale, is_mentor = excluded.is_mentor, is_coordinator = excluded.is_coordinator,
    is_admin = excluded.is_admin
WHERE old IS DISTINCT FROM excluded
RETURNING xmax = 0 AS is_new
"""
_MEMBERSHIPS = """
INSERT INTO membership (mentor_id, organisation_id, chapter_id)
SELECT id, organisation_id, chapter_id FROM staged_place WHERE kind = 'mentor'
ON CONFLICT DO NOTHING
RETURNING true AS is_new
"""
_MEMBERSHIPS_ENDED = """
DELETE FROM membership m USING staged s
WHERE s.kind = 'mentor' AND s.id = m.mentor_id
  AND NOT EXISTS (SELECT 1 FROM staged_place p WHERE p.kind = 'mentor' AND p.id = m.mentor_id
                  AND p.organisation_id = m.organisation_id AND p.chapter_id = m.chapter_id)
RETURNING false AS is_new
"""
_ASSIGNMENTS = """
INSERT INTO assignment AS old (coordinator_id, organisation_id, chapter_id, is_primary, since, active)
SELECT f.id, f.organisation_id, f.chapter_id, COALESCE(f.is_primary, false),
       COALESCE(f.since, LEAST(a.since, :at)), COALESCE(f.active, true)
FROM staged_place f
LEFT JOIN assignment a
       ON (a.coordinator_id, a.organisation_id, a.chapter_id) = (f.id, f.organisation_id, f.chapter_id)
WHERE f.kind = 'assignment'
ON CONFLICT (coordinator_id, organisation_id, chapter_id) DO UPDATE SET
    is_primary = excluded.is_primary, since = excluded.since, until = NULL, active = excluded.active
WHERE old IS DISTINCT FROM excluded
RETURNING xmax = 0 AS is_new
"""
# The assignment lines of a chapter are complete: a coordinator who is no longer listed has been replaced, now or, when
# every successor's assignment lies ahead, from the earliest of them on.
_ASSIGNMENTS_ENDED = """
WITH listed AS (
    SELECT p.organisation_id, p.chapter_id, array_agg(p.id) AS ids, min(b.since) FILTER (WHERE b.active) AS since
    FROM staged_place p
    JOIN assignment b
      ON (b.coordinator_id, b.organisation_id, b.chapter_id) = (p.id, p.organisation_id, p.chapter_id)
    WHERE p.kind = 'assignment' GROUP BY p.organisation_id, p.chapter_id
), replaced AS (
    SELECT a.coordinator_id, a.organisation_id, a.chapter_id,
           CASE WHEN a.since <= :at THEN GREATEST(listed.since, :at) ELSE :at END AS until
    FROM assignment a JOIN listed USING (organisation_id, chapter_id)
    WHERE a.active AND COALESCE(a.until > :at, true) AND a.coordinator_id <> ALL (listed.ids)
)
UPDATE assignment a SET until = replaced.until FROM replaced
WHERE (a.coordinator_id, a.organisation_id, a.chapter_id)
    = (replaced.coordinator_id, replaced.organisation_id, replaced.chapter_id)
  AND a.until IS DISTINCT FROM replaced.until
RETURNING false AS is_new
"""
# Moments ahead in which assignments of the file come into force that the directory does not have yet.
_COMING = """
SELECT DISTINCT f.organisation_id, f.since
FROM staged_place f
LEFT JOIN assignment a
       ON (a.coordinator_id, a.organisation_id, a.chapter_id) = (f.id, f.organisation_id, f.chapter_id)
WHERE f.kind = 'assignment' AND COALESCE(f.active, true) AND f.since > :at
  AND (a.active AND a.since = f.since) IS NOT TRUE
"""
_CERTIFICATIONS = """
INSERT INTO certification AS old (mentor_id, expires_at)
SELECT id, expires_at FROM staged WHERE kind = 'certification' AND COALESCE(active, true)
ON CONFLICT (mentor_id) DO UPDATE SET expires_at = excluded.expires_at
WHERE old IS DISTINCT FROM excluded
RETURNING xmax = 0 AS is_new
"""
_CERTIFICATIONS_ENDED = """
DELETE FROM certification c USING staged s
WHERE s.kind = 'certification' AND NOT COALESCE(s.active, true) AND s.id = c.mentor_id
RETURNING false AS is_new
"""
_STAGED = """
SELECT (SELECT count(*) FROM staged WHERE kind = 'organisation') AS organisations,
       (SELECT count(*) FROM staged WHERE kind = 'chapter') AS chapters,
       (SELECT count(*) FROM staged_person) AS people,
       (SELECT count(*) FROM staged_place WHERE kind = 'mentor') AS memberships,
       (SELECT count(*) FROM staged_place WHERE kind = 'assignment') AS assignments,
       (SELECT count(*) FROM staged WHERE kind = 'certification' AND COALESCE(active, true)) AS certifications
"""
_SUBJECTS: Mapping[str, tuple[str, str | None]] = {
    "organisations": (_ORGANISATIONS, None),
    "chapters": (_CHAPTERS, None),
    "people": (_PEOPLE, None),
    "memberships": (_MEMBERSHIPS, _MEMBERSHIPS_ENDED),
    "assignments": (_ASSIGNMENTS, _ASSIGNMENTS_ENDED),
    "certifications": (_CERTIFICATIONS, _CERTIFICATIONS_ENDED),
}


def coming(session: Session, *, at: datetime) -> list[tuple[str, datetime]]:
    """Organisations and moments in which responsibility will change as the file says; to be asked before `merge`."""
    return [(row.organisation_id, row.since) for row in session.execute(text(_COMING), {"at": at})]


def merge(session: Session, *, at: datetime) -> tuple[Counts, ...]:
    """Write what is new or different; returns how many of each were new, changed, ended and left alone."""
    staged = session.execute(text(_STAGED)).mappings().one()
    counts = tuple(_merged(session, subject, staged[subject], at=at) for subject in _SUBJECTS)
    # Without statistics on what a first import has just written, finding the changed contacts takes minutes.
    session.execute(text("ANALYZE person, membership, assignment, contact"))
    return counts


def _merged(session: Session, subject: str, staged: int, *, at: datetime) -> Counts:
    write, end = _SUBJECTS[subject]
    new, written = _count(session, write, at=at)
    ended = 0 if end is None else _count(session, end, at=at)[1]
    return Counts(subject=subject, new=new, changed=written - new, unchanged=staged - written, ended=ended)


def _count(session: Session, statement: str, *, at: datetime) -> tuple[int, int]:
    """How many of the rows it wrote are new, and how many it wrote."""
    query = text(f"WITH written AS ({statement}) SELECT count(*) FILTER (WHERE is_new), count(*) FROM written")  # noqa: S608 - constants
    new, written = session.execute(query, {"at": at} if ":at" in statement else {}).one()
    return new, written
