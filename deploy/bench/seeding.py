"""A million rows in less than a minute, as they would have come to be: events and lapses, and how many there are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier
from shared_lib_testing.postgres import vacuum_analyze, without_indexes

from .directory import MENTORS, MENTORS_EACH, ORGANISATION

DIRECTORY = ("organisation", "chapter", "person", "membership", "assignment")
ROWS_EACH = 50
"""The rows of each coordinator, at least."""

Fill = Callable[[psycopg.Connection, int], None]

_EVENTS = """
INSERT INTO pause_event (id, organisation_id, peer_mentor_id, event_type, effective_date, coordinator_id, admin_ids,
    also_ids, resolution_rule, resolution_source, announcement_id, revision, created_at,
    is_planned, opposite_number)
SELECT 'pn_' || lpad(to_hex(n), 12, '0'), %(organisation)s,
    format('%%s-m%%s', %(organisation)s::text, lpad(m::text, 5, '0')),
    (ARRAY['pause_activated', 'pause_deactivated', 'certification_expired', 'certification_expiring'])[1 + n %% 4],
    timestamptz '2001-01-01 UTC' + n * interval '1 minute',
    format('%%s-c%%s', %(organisation)s::text, lpad((m / %(each)s)::text, 5, '0')), '{}', '{}', 'only_coordinator',
    'chapter:bench', gen_random_uuid(), 1, timestamptz '2020-01-01 UTC' + n * interval '1 minute', false, 0
FROM generate_series(1, %(amount)s) AS n, LATERAL (SELECT n %% %(mentors)s AS m) AS who
"""
_RESULTS = """
INSERT INTO dispatch_result (event_id, recipient_id, channel, status, sent_at)
SELECT id, peer_mentor_id, 'email', 'sent', created_at FROM pause_event ORDER BY created_at DESC LIMIT 200000
"""
_LAPSES = """
INSERT INTO lapse (id, notification_id, mentor_id, coordinator_id, organisation_id, expiry_date, created_at,
    acknowledged_at, opened_for, version)
SELECT gen_random_uuid(), gen_random_uuid(), format('%%s-m%%s', %(organisation)s::text, lpad(m::text, 5, '0')),
    format('%%s-c%%s', %(organisation)s::text, lpad((m / %(each)s)::text, 5, '0')), %(organisation)s,
    timestamptz '2020-02-01 UTC' + n * interval '1 minute', timestamptz '2020-01-01 UTC' + n * interval '1 minute',
    CASE WHEN n %% 3 > 0 THEN timestamptz '2020-01-02 UTC' + n * interval '1 minute' END,
    format('%%s-c%%s', %(organisation)s::text, lpad((m / %(each)s)::text, 5, '0')), 1
FROM generate_series(1, %(amount)s) AS n, LATERAL (SELECT n %% %(mentors)s AS m) AS who
"""


def events(connection: psycopg.Connection, amount: int) -> None:
    """Events of the directory's mentors in turn, a mail told of each; what was there before is gone."""
    connection.execute("TRUNCATE pause_event, dispatch_result")
    with without_indexes(connection, "pause_event"), without_indexes(connection, "dispatch_result"):
        connection.execute(_EVENTS, _values(amount))
        connection.execute(_RESULTS)
    vacuum_analyze(connection, "pause_event", "dispatch_result", "event_count", "mentor_event_count")


def lapses(connection: psycopg.Connection, amount: int) -> None:
    """Replace all lapses by `amount` lapses of the directory's mentors in turn, two thirds acknowledged."""
    connection.execute("TRUNCATE lapse")
    with without_indexes(connection, "lapse"):
        connection.execute(_LAPSES, _values(amount))
    vacuum_analyze(connection, "lapse")


def copy_directory(source: psycopg.Connection, target: psycopg.Connection) -> None:
    """The same people and chapters in another database of the service, if it has any."""
    for table in DIRECTORY:
        if source.execute("SELECT to_regclass(%s) IS NULL", [table]).fetchone() == (True,):
            return
        name = Identifier(table)
        with (
            source.cursor().copy(SQL("COPY {} TO STDOUT").format(name)) as rows,
            _open(target, name),
            target.cursor().copy(SQL("COPY {} FROM STDIN").format(name)) as into,
        ):
            for row in rows:
                into.write(row)
    target.commit()


def _values(amount: int) -> dict[str, object]:
    """Of a short list, few mentors' are the rows: a page of one coordinator's is full there as well."""
    mentors = min(MENTORS, amount // ROWS_EACH * MENTORS_EACH)
    return {"organisation": ORGANISATION, "amount": amount, "mentors": mentors, "each": MENTORS_EACH}


@contextmanager
def _open(connection: psycopg.Connection, table: Identifier) -> Iterator[None]:
    """COPY writes to no table whose rows are kept apart from the one who writes."""
    connection.execute(SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(table))
    yield
    connection.execute(SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(table))
