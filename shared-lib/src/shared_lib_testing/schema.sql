-- The tables of shared_lib, as a service's migration creates them. A test compares them with those of every service.

-- Audit log: append-only entries, and per organisation a chain of hashes over them.
--
-- A link's hash is SHA-256 over the hash before it and the entry's canonical form. Before the first link stands SHA-256
-- of the chain's name: the organisation's id, or '' for entries without an organisation. The canonical form is the
-- entry's row as jsonb, in UTC and UTF-8, without members that are null: columns may be added later without breaking
-- existing links.
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL CHECK (at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    organisation_id text,
    actor_id text NOT NULL,
    action text NOT NULL,
    object_id text,
    subject_id text,
    details jsonb NOT NULL CHECK (jsonb_typeof(details) = 'object')
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

-- SECURITY DEFINER: a role that writes an entry needs no right to write to the chain, and has none. The search path is
-- fixed, temporary tables last, so that a temporary table cannot take the chain's place.
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
REVOKE ALL ON FUNCTION audit_append(audit_entry) FROM PUBLIC;
CREATE FUNCTION audit_append_new() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM audit_append(NEW);
    RETURN NULL;
END $$;

-- Deferred to COMMIT: the lock on an organisation's chain is taken last and is held only while the database commits, so
-- a client that stands still cannot hold it, and the link costs no round trip.
CREATE CONSTRAINT TRIGGER audit_chained AFTER INSERT ON audit_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_append_new();

ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_entry USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE audit_link ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_link USING (
    current_setting('app.all_tenants', true) <> '' OR chain = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_head USING (
    current_setting('app.all_tenants', true) <> '' OR chain = NULLIF(current_setting('app.org', true), '')
);

-- Idempotency keys. A key belongs to the tenant of the transaction that used it, '' for all tenants.
CREATE TABLE idempotency_key (
    tenant text NOT NULL DEFAULT COALESCE(NULLIF(current_setting('app.org', true), ''), ''),
    principal text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    resource_id text,
    status integer,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, principal, operation, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotency_key USING (
    current_setting('app.all_tenants', true) <> '' OR tenant = NULLIF(current_setting('app.org', true), '')
);

-- Outbox: messages to deliver, closed messages, and the heartbeats of the workers, which belong to no tenant.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    tenant text NOT NULL,
    ordering_key text,
    attempts integer NOT NULL DEFAULT 0,
    crash_count integer NOT NULL DEFAULT 0,
    ambiguous_count integer NOT NULL DEFAULT 0,
    in_flight_since timestamptz CHECK (in_flight_since BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    created_at timestamptz NOT NULL CHECK (created_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    due_at timestamptz NOT NULL CHECK (due_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    expires_at timestamptz CHECK (expires_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    waiting_for text,
    last_reason text,
    request_id text,
    seq bigint GENERATED BY DEFAULT AS IDENTITY,
    leased_by uuid,
    leased_until timestamptz CHECK (leased_until BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC')
);
CREATE INDEX outbox_ready ON outbox (tenant, kind, due_at, seq);
CREATE INDEX outbox_order ON outbox (ordering_key, seq);
CREATE INDEX outbox_waiting ON outbox (waiting_for, seq);

CREATE TABLE outbox_closed (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    tenant text NOT NULL,
    ordering_key text,
    attempts integer NOT NULL,
    crash_count integer NOT NULL,
    ambiguous_count integer NOT NULL,
    in_flight_since timestamptz CHECK (in_flight_since BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    created_at timestamptz NOT NULL CHECK (created_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    due_at timestamptz NOT NULL CHECK (due_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    expires_at timestamptz CHECK (expires_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    waiting_for text,
    last_reason text,
    request_id text,
    seq bigint NOT NULL,
    final_state text NOT NULL,
    closed_at timestamptz NOT NULL CHECK (closed_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC')
);
CREATE INDEX outbox_closed_final_state ON outbox_closed (final_state, closed_at);

CREATE TABLE outbox_worker (
    id uuid PRIMARY KEY,
    heartbeat_at timestamptz NOT NULL
);

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox USING (
    current_setting('app.all_tenants', true) <> '' OR tenant = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE outbox_closed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox_closed USING (
    current_setting('app.all_tenants', true) <> '' OR tenant = NULLIF(current_setting('app.org', true), '')
);

-- Agenda: changed subjects, when to look at each subject next, and one decision per act.
CREATE TABLE agenda_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    tenant text NOT NULL
);

CREATE TABLE agenda (
    subject text PRIMARY KEY,
    tenant text NOT NULL,
    look_at timestamptz NOT NULL CHECK (look_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    tries integer NOT NULL DEFAULT 0,
    last_error text
);
CREATE INDEX agenda_due ON agenda (look_at);

CREATE TABLE planned_act (
    tenant text NOT NULL,
    key text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    due_at timestamptz NOT NULL CHECK (due_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    decided_at timestamptz NOT NULL CHECK (decided_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    outcome text NOT NULL CHECK (outcome IN ('done', 'skipped')),
    reason text,
    object_id text,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX planned_act_of_subject ON planned_act (subject);
CREATE INDEX planned_act_by_age ON planned_act (decided_at);

ALTER TABLE agenda_change ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON agenda_change USING (
    current_setting('app.all_tenants', true) <> '' OR tenant = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE agenda ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON agenda USING (
    current_setting('app.all_tenants', true) <> '' OR tenant = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE planned_act ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON planned_act USING (
    current_setting('app.all_tenants', true) <> '' OR tenant = NULLIF(current_setting('app.org', true), '')
);
