"""The tables of shared_lib in plain SQL for its own tests, and the catalogue of a database to compare schemas by."""

from collections import defaultdict
from pathlib import Path

import psycopg

SHARED_TABLES = Path(__file__).with_name("schema.sql")

# A row for each property of a table or function. Names of roles are left out: they differ between databases.
_PROPERTIES = """
WITH own AS (
    SELECT oid, relname, relrowsecurity, relforcerowsecurity, reloptions FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
)
SELECT relname, concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod), 'not null: ' || attnotnull,
    'identity: ' || attidentity::text, 'default: ' || pg_get_expr(adbin, adrelid))
FROM own JOIN pg_attribute ON attrelid = oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT relname, concat_ws(' ', 'constraint', conname, pg_get_constraintdef(pg_constraint.oid))
FROM own JOIN pg_constraint ON conrelid = own.oid
UNION ALL
SELECT relname, pg_get_indexdef(indexrelid) FROM own JOIN pg_index ON indrelid = oid
UNION ALL
SELECT relname, pg_get_triggerdef(pg_trigger.oid) FROM own JOIN pg_trigger ON tgrelid = own.oid WHERE NOT tgisinternal
UNION ALL
SELECT relname, concat_ws(' ', 'policy', polname, 'permissive: ' || polpermissive, 'for: ' || polcmd::text,
    'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid))
FROM own JOIN pg_policy ON polrelid = own.oid
UNION ALL
SELECT relname, concat_ws(' ', 'row-level security: ' || relrowsecurity, 'forced: ' || relforcerowsecurity) FROM own
UNION ALL
SELECT relname, concat_ws(' ', 'options', reloptions::text) FROM own
UNION ALL
SELECT proname || '()',
    pg_get_functiondef(oid) || 'public may execute: ' || has_function_privilege('public', oid, 'EXECUTE')
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


def create_shared_tables(owner_dsn: str) -> None:
    """Create the audit log, the idempotency keys and the outbox in an empty database. Commits."""
    with psycopg.connect(owner_dsn) as connection:
        connection.execute(SHARED_TABLES.read_bytes())


def catalogue_of(dsn: str) -> dict[str, list[str]]:
    """The properties of every table and function (`name()`) in sorted sentences, as PostgreSQL's catalogue has them.

    Columns with types and defaults, constraints, indexes, triggers, policies, bodies of functions; not their order.
    """
    found = defaultdict(list)
    with psycopg.connect(dsn) as connection:
        for name, sentence in connection.execute(_PROPERTIES).fetchall():
            found[name].append(sentence)
    return {name: sorted(sentences) for name, sentences in found.items()}
