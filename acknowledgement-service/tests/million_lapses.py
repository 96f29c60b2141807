"""A million lapses, arranged so that lists are hard: matching rows may be rare, and among the oldest."""

from datetime import UTC, datetime, timedelta

import psycopg
from shared_lib.database.row_level_security import ALL_TENANTS_SETTING
from shared_lib_testing.postgres import vacuum_analyze, without_indexes

AMOUNT = 1_000_000
BEGINNING, STEP = datetime(2020, 1, 1, tzinfo=UTC), timedelta(minutes=1)

_LAPSES = """
INSERT INTO lapse (id, notification_id, mentor_id, coordinator_id, organisation_id, expiry_date, created_at,
    acknowledged_at, closed_at, closed_reason, opened_for, version)
SELECT gen_random_uuid(), gen_random_uuid(), format('m%%s', m), format('c%%s', m / 10),
    CASE WHEN m < 1700 THEN 'big' WHEN m < 1900 THEN 'small' ELSE 'old' END,
    timestamptz '2020-02-01 UTC' + n::bigint * 7919 %% 1000003 * interval '1 minute',
    %(beginning)s + n * %(step)s,
    CASE WHEN n %% 1000 > 0 AND (n <= 980000 OR m / 10 = 7)
        THEN timestamptz '2020-01-02 UTC' + n * interval '1 minute' END,
    CASE WHEN n %% 1000 = 500 THEN timestamptz '2025-01-01 UTC' END, CASE WHEN n %% 1000 = 500 THEN 'renewed' END,
    format('c%%s', m / 10), 1
FROM generate_series(1, %(amount)s) AS n,
    LATERAL (SELECT CASE WHEN n <= 10000 THEN 1900 + n %% 100 ELSE n::bigint * 7919 %% 1900 END AS m) AS who
"""


def seed(connection: psycopg.Connection) -> None:
    """Store lapses of three organisations, one of which has old lapses only. A coordinator has ten mentors, a mentor
    about five hundred lapses. The newest twenty thousand are open, and one in a thousand of the others; c7 has open
    ones of the latter only. One in a thousand is closed."""
    connection.execute(f"SET {ALL_TENANTS_SETTING} = 'seeding'")
    with without_indexes(connection, "lapse"):
        connection.execute(_LAPSES, {"amount": AMOUNT, "beginning": BEGINNING, "step": STEP})
    vacuum_analyze(connection, "lapse", "lapse_count")
