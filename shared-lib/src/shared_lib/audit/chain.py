"""The SQL of the audit log: its table, and the hash chain that the database extends in the transaction of the act.

Each organisation has a chain of its own. A link's hash is SHA-256 over the hash before it and the entry's canonical
form; before the first link stands SHA-256 of the chain's name (the organisation's id, or the empty string for entries
without an organisation). The canonical form is the entry's row as PostgreSQL's `jsonb` writes it, in UTC, in UTF-8,
without members that are null: so columns may be added later without breaking existing links.

A trigger that is deferred to COMMIT makes the link: the lock on an organisation's chain is taken last, is held only
while the database commits, and costs no round trip. A client that stands still cannot hold it.
"""

from shared_lib.database.row_level_security import enable_row_level_security

_TABLES = """
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    organisation_id text,
    actor_id text NOT NULL,
    action text NOT NULL,
    object_id text,
    subject_id text,
    details jsonb NOT NULL
);
CREATE INDEX audit_entry_of_organisation ON audit_entry (organisation_id, at);
CREATE INDEX audit_entry_of_object ON audit_entry (object_id);
CREATE INDEX audit_entry_of_subject ON audit_entry (subject_id);
CREATE INDEX audit_entry_of_actor ON audit_entry (actor_id, at);
CREATE INDEX audit_entry_of_action ON audit_entry (action, at);
CREATE INDEX audit_entry_newest ON audit_entry (at);
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

_APPEND_ONLY = """
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_head_append_only BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
"""

# SECURITY DEFINER: a role that writes an entry needs no right to write to the chain, and has none. The search path is
# fixed, temporary tables last, so that a temporary table cannot take the chain's place.
_CHAIN = """
CREATE FUNCTION audit_canonical(entry audit_entry) RETURNS text LANGUAGE sql STABLE SET timezone = 'UTC' AS $$
    SELECT jsonb_object_agg(key, value)::text FROM jsonb_each(to_jsonb(entry)) WHERE value <> 'null'
$$;
CREATE FUNCTION audit_append(entry audit_entry) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
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
REVOKE ALL ON FUNCTION audit_append(audit_entry) FROM PUBLIC;
CREATE CONSTRAINT TRIGGER audit_chained AFTER INSERT ON audit_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_append_new();
"""

CREATE = _TABLES + _APPEND_ONLY + _CHAIN
"""For a service's own migration."""

PER_TENANT = (
    enable_row_level_security("audit_entry", "organisation_id")
    + enable_row_level_security("audit_link", "chain")
    + enable_row_level_security("audit_head", "chain")
)
"""An organisation's entries and its chain are seen and extended within that organisation only, also by the trigger."""

GRANTS = {"audit_entry": "SELECT, INSERT", "audit_link": "SELECT", "audit_head": "SELECT"}
