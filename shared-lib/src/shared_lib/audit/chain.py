"""The hash chain of an audit trail, kept by the database in the transaction of the act.

Each organisation has a chain of its own. A link's hash is SHA-256 over the hash before it and the entry's canonical
form; before the first link stands SHA-256 of the chain's name (the organisation's id, or nothing at all for acts that
are no organisation's). The canonical form is the entry's row as PostgreSQL's `jsonb` writes it, in UTC, in UTF-8,
without members that are null: so columns may be added later without breaking what is written.

The link is made by a trigger that waits for COMMIT: the lock on an organisation's chain is taken last, is held while
the database itself commits and no longer, and costs no round trip. No client that stands still can hold it.
"""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

from shared_lib.database.row_level_security import enable_row_level_security

_TABLES = """
CREATE TABLE audit_link (
    chain text NOT NULL,
    number bigint NOT NULL,
    entry_id bigint NOT NULL UNIQUE,
    hash bytea NOT NULL,
    PRIMARY KEY (chain, number)
);
CREATE TABLE audit_head (
    chain text PRIMARY KEY,
    number bigint NOT NULL,
    hash bytea NOT NULL
) WITH (fillfactor = 50);
"""

# The row type of the trail's own table goes in here; the rest is the same for every trail.
_CANONICAL = """
CREATE FUNCTION audit_canonical(entry {trail}) RETURNS text LANGUAGE sql STABLE SET timezone = 'UTC' AS $$
    SELECT jsonb_object_agg(key, value)::text FROM jsonb_each(to_jsonb(entry)) WHERE value <> 'null'
$$;
"""

# SECURITY DEFINER: whoever writes an entry needs no right to touch the chain, and has none. Its search path is fixed,
# temporary tables last, so that nobody puts a table of his own in the chain's place.
_APPEND = """
CREATE FUNCTION audit_append(entry {trail}) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    own text := COALESCE(entry.organisation_id, '');
    form bytea := convert_to(audit_canonical(entry), 'UTF8');
    link audit_head;
BEGIN
    INSERT INTO audit_head AS head VALUES (own, 1, sha256(sha256(convert_to(own, 'UTF8')) || form))
    ON CONFLICT (chain) DO UPDATE SET number = head.number + 1, hash = sha256(head.hash || form)
    RETURNING * INTO link;
    INSERT INTO audit_link VALUES (own, link.number, entry.id, link.hash);
END $$;
CREATE FUNCTION audit_append_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM audit_append(NEW);
    RETURN NULL;
END $$;
CREATE FUNCTION audit_link_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_link_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION audit_link_stays();
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_link_stays();
REVOKE ALL ON FUNCTION audit_append({trail}) FROM PUBLIC;
"""

# Nobody writes while the entries of earlier releases are chained: the trigger's lock is taken first.
_BEGIN = """
CREATE CONSTRAINT TRIGGER audit_chained AFTER INSERT ON {trail} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_append_new();
DO $$
DECLARE
    entry {trail};
BEGIN
    FOR entry IN SELECT * FROM {trail} ORDER BY id LOOP
        PERFORM audit_append(entry);
    END LOOP;
END $$;
"""


PER_TENANT = enable_row_level_security("audit_link", "chain") + enable_row_level_security("audit_head", "chain")
"""An organisation's chain is seen, and grows, within that organisation alone; the trigger is held to it, too."""

GRANTS = dict.fromkeys(("audit_link", "audit_head"), "SELECT")


def create_chain(trail: str) -> tuple[str, ...]:
    """The statements that chain the table `trail`, for a service's own migration; its entries so far are chained, too.

    The table has an `id` that grows and an `organisation_id` that may be null.
    """
    return _TABLES, *(part.format(trail=trail) for part in (_CANONICAL, _APPEND, _BEGIN))


def audit_chain_tables(metadata: MetaData) -> None:
    """Describe the chain's tables on a service's metadata, as `create_chain` makes them."""
    Table(
        "audit_link",
        metadata,
        Column("chain", Text, primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("entry_id", BigInteger, nullable=False, unique=True),
        Column("hash", LargeBinary, nullable=False),
    )
    Table(
        "audit_head",
        metadata,
        Column("chain", Text, primary_key=True),
        Column("number", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    )
