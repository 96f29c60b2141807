"""A million events, arranged to be awkward: who or what is asked for may be rare, and all of it long ago."""

from datetime import UTC, datetime, timedelta

import psycopg
from shared_lib.database.row_level_security import ALL_TENANTS_SETTING
from shared_lib_testing.postgres import vacuum_analyze, without_indexes

AMOUNT = 1_000_000
BEGINNING, STEP = datetime(2020, 1, 1, tzinfo=UTC), timedelta(minutes=1)

_DIRECTORY = """
INSERT INTO organisation SELECT id, id, 'nb', 'Europe/Oslo', 'likeperson', 'koordinator', false
FROM unnest(ARRAY['big', 'small', 'old']) AS id;
CREATE TEMPORARY TABLE place ON COMMIT DROP AS
    SELECT m, format('m%s', m) AS mentor, format('c%s', m / 10) AS coordinator, format('ch%s', m / 10) AS chapter,
        CASE WHEN m < 1700 THEN 'big' WHEN m < 1900 THEN 'small' ELSE 'old' END AS organisation
    FROM generate_series(0, 1999) AS m;
INSERT INTO chapter SELECT DISTINCT organisation, chapter, chapter FROM place;
INSERT INTO person (id, organisation_id, name, channels, is_mentor, is_coordinator, is_admin)
    SELECT mentor, organisation, mentor, '{}', true, false, false FROM place
    UNION ALL SELECT DISTINCT coordinator, organisation, coordinator, '{}'::text[], false, true, false FROM place;
INSERT INTO membership SELECT mentor, organisation, chapter FROM place;
INSERT INTO assignment (coordinator_id, organisation_id, chapter_id, is_primary, since, active)
    SELECT DISTINCT coordinator, organisation, chapter, true, now(), true FROM place;
"""
_EVENTS = """
INSERT INTO pause_event (id, organisation_id, peer_mentor_id, event_type, effective_date, coordinator_id, admin_ids,
    also_ids, resolution_rule, resolution_source, announcement_id, revision, created_at,
    is_planned, opposite_number)
SELECT 'pn_' || lpad(to_hex(n), 12, '0'), organisation, mentor,
    CASE WHEN n <= 20000 AND n %% 7 = 0 THEN 'certification_expiring'
        ELSE (ARRAY['pause_activated', 'pause_deactivated', 'certification_expired'])[1 + n %% 3] END,
    timestamptz '2001-01-01 UTC' + n * interval '1 minute',
    CASE WHEN n <= 40000 AND m %% 10 = 3 AND organisation = 'big' THEN 'former' ELSE coordinator END,
    '{}', '{}', 'only_coordinator', 'chapter:x', gen_random_uuid(), 1,
    %(beginning)s + n * %(step)s, false, 0
FROM generate_series(1, %(amount)s) AS n
    JOIN place ON m = CASE WHEN n <= 10000 THEN 1900 + n %% 100 ELSE n::bigint * 7919 %% 1900 END
ORDER BY n
"""
_OUTCOMES = """
INSERT INTO dispatch_result (event_id, recipient_id, channel, status, sent_at)
SELECT id, peer_mentor_id, 'email', 'sent', created_at FROM pause_event WHERE number % 4 = 0
"""


def seed(connection: psycopg.Connection) -> None:
    """Three organisations, one of which was active at the beginning only; ten mentors to a coordinator, some five
    hundred events to a mentor."""
    connection.execute(f"SET {ALL_TENANTS_SETTING} = 'seeding'")
    connection.execute(_DIRECTORY)
    with without_indexes(connection, "pause_event"):
        connection.execute(_EVENTS, {"amount": AMOUNT, "beginning": BEGINNING, "step": STEP})
    connection.execute(_OUTCOMES)
    vacuum_analyze(
        connection,
        "pause_event",
        "dispatch_result",
        "event_count",
        "mentor_event_count",
        "person",
        "membership",
        "assignment",
        "chapter",
        "organisation",
    )
