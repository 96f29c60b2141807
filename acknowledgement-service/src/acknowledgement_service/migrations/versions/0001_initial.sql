-- Lapses: one per notification and coordinator. opened_for: the first coordinator, so that opening a lapse again finds
-- it after it has followed its mentor. coordinator_version: that of the newest news about who is responsible.
CREATE TABLE lapse (
    id uuid PRIMARY KEY,
    notification_id uuid NOT NULL,
    mentor_id varchar NOT NULL,
    coordinator_id varchar NOT NULL,
    organisation_id varchar NOT NULL,
    expiry_date timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    closed_at timestamptz,
    closed_reason text CHECK (closed_reason IN ('renewed', 'not_required', 'mentor_left', 'erased')),
    opened_for varchar NOT NULL,
    coordinator_version bigint NOT NULL DEFAULT 0,
    coordinator_has_left boolean NOT NULL DEFAULT false,
    encrypted_notes bytea,
    notes_key_id text,
    notes_updated_at timestamptz,
    version integer NOT NULL,
    CONSTRAINT lapse_once UNIQUE (notification_id, coordinator_id),
    CONSTRAINT lapse_opened_once UNIQUE (notification_id, opened_for),
    CHECK ((closed_at IS NULL) = (closed_reason IS NULL)),
    -- Times that a list could not show. LEAST and GREATEST leave out null.
    CHECK (LEAST(expiry_date, created_at, acknowledged_at, closed_at, notes_updated_at) >= '2000-01-01 UTC'),
    CHECK (GREATEST(expiry_date, created_at, acknowledged_at, closed_at, notes_updated_at) <= '2100-01-01 UTC')
);
CREATE INDEX lapse_newest ON lapse (created_at, id);
CREATE INDEX lapse_of_coordinator ON lapse (coordinator_id, created_at, id);
CREATE INDEX lapse_of_mentor ON lapse (mentor_id, created_at, id);
CREATE INDEX lapse_of_organisation ON lapse (organisation_id, created_at, id);
CREATE INDEX lapse_by_expiry ON lapse (expiry_date, id);
CREATE INDEX lapse_of_organisation_by_expiry ON lapse (organisation_id, expiry_date, id);
CREATE INDEX lapse_of_coordinator_by_expiry ON lapse (coordinator_id, expiry_date, id);

-- Open lapses are few, and most lists ask for them.
CREATE INDEX lapse_open ON lapse (created_at)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;
CREATE INDEX lapse_open_of_organisation ON lapse (organisation_id, created_at, id)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;
CREATE INDEX lapse_open_by_expiry ON lapse (expiry_date, id)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;
CREATE INDEX lapse_open_of_organisation_by_expiry ON lapse (organisation_id, expiry_date, id)
    WHERE acknowledged_at IS NULL AND closed_at IS NULL;

-- Closed lapses may be few at first, and most of all later.
CREATE INDEX lapse_closed ON lapse (created_at, id)
    WHERE closed_at IS NOT NULL;
CREATE INDEX lapse_closed_of_organisation ON lapse (organisation_id, created_at, id)
    WHERE closed_at IS NOT NULL;
CREATE INDEX lapse_closed_by_expiry ON lapse (expiry_date, id)
    WHERE closed_at IS NOT NULL;
CREATE INDEX lapse_closed_of_organisation_by_expiry ON lapse (organisation_id, expiry_date, id)
    WHERE closed_at IS NOT NULL;

-- Counter table: how many lapses there are, kept by triggers, because a list's total must not read all lapses.
CREATE TABLE lapse_count (
    organisation_id varchar NOT NULL,
    coordinator_id varchar NOT NULL,
    is_acknowledged boolean NOT NULL,
    is_closed boolean NOT NULL,
    coordinator_has_left boolean NOT NULL,
    lapses bigint NOT NULL,
    PRIMARY KEY (organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left)
) WITH (fillfactor = 70);

-- Once per statement, however many rows it changes; in the order of the key, so that no two transactions deadlock.
-- SECURITY DEFINER: writing rows needs no privilege on the counts.
CREATE FUNCTION lapse_count_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO lapse_count AS kept
        SELECT organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left, sum(step)
        FROM (
            SELECT
                row.organisation_id AS organisation_id,
                row.coordinator_id AS coordinator_id,
                row.acknowledged_at IS NOT NULL AS is_acknowledged,
                row.closed_at IS NOT NULL AS is_closed,
                row.coordinator_has_left AS coordinator_has_left,
                1 AS step
            FROM after AS row
        ) AS steps
        GROUP BY organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left
        HAVING sum(step) <> 0
        ORDER BY organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left
        ON CONFLICT (organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left)
        DO UPDATE SET lapses = kept.lapses + excluded.lapses;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO lapse_count AS kept
        SELECT organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left, sum(step)
        FROM (
            SELECT
                row.organisation_id AS organisation_id,
                row.coordinator_id AS coordinator_id,
                row.acknowledged_at IS NOT NULL AS is_acknowledged,
                row.closed_at IS NOT NULL AS is_closed,
                row.coordinator_has_left AS coordinator_has_left,
                -1 AS step
            FROM before AS row
        ) AS steps
        GROUP BY organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left
        HAVING sum(step) <> 0
        ORDER BY organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left
        ON CONFLICT (organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left)
        DO UPDATE SET lapses = kept.lapses + excluded.lapses;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO lapse_count AS kept
        SELECT organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left, sum(step)
        FROM (
            SELECT
                row.organisation_id AS organisation_id,
                row.coordinator_id AS coordinator_id,
                row.acknowledged_at IS NOT NULL AS is_acknowledged,
                row.closed_at IS NOT NULL AS is_closed,
                row.coordinator_has_left AS coordinator_has_left,
                1 AS step
            FROM after AS row
            UNION ALL
            SELECT
                row.organisation_id AS organisation_id,
                row.coordinator_id AS coordinator_id,
                row.acknowledged_at IS NOT NULL AS is_acknowledged,
                row.closed_at IS NOT NULL AS is_closed,
                row.coordinator_has_left AS coordinator_has_left,
                -1 AS step
            FROM before AS row
        ) AS steps
        GROUP BY organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left
        HAVING sum(step) <> 0
        ORDER BY organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left
        ON CONFLICT (organisation_id, coordinator_id, is_acknowledged, is_closed, coordinator_has_left)
        DO UPDATE SET lapses = kept.lapses + excluded.lapses;
    ELSE
        DELETE FROM lapse_count;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lapse_count_insert AFTER INSERT ON lapse REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION lapse_count_keep();
CREATE TRIGGER lapse_count_delete AFTER DELETE ON lapse REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION lapse_count_keep();
CREATE TRIGGER lapse_count_update AFTER UPDATE ON lapse REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION lapse_count_keep();
CREATE TRIGGER lapse_count_truncate AFTER TRUNCATE ON lapse
    FOR EACH STATEMENT EXECUTE FUNCTION lapse_count_keep();

-- The newest news about each mentor's certification: older news changes nothing.
CREATE TABLE certification (
    organisation_id varchar NOT NULL,
    mentor_id varchar NOT NULL,
    expires_at timestamptz CHECK (expires_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    version bigint NOT NULL,
    PRIMARY KEY (organisation_id, mentor_id)
);

-- Row-level security: a transaction sees and writes the rows of its tenant (the setting app.org), or those of all
-- tenants (app.all_tenants). It applies to the owner as well.
ALTER TABLE lapse ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lapse USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE lapse_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lapse_count USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE certification ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON certification USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);

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
CREATE INDEX audit_entry_of_coordinator ON audit_entry ((details ->> 'coordinator_id'), at);

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
