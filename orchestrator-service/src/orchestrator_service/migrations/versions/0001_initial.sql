-- Directory: organisations, chapters, people, who belongs where and who is responsible for a chapter.
CREATE TABLE organisation (
    id text PRIMARY KEY,
    name text NOT NULL,
    locale text NOT NULL,
    time_zone text NOT NULL,
    mentor_word text,
    coordinator_word text,
    tell_all_coordinators boolean NOT NULL,
    reply_to text
);

-- What an organisation has set beside its directory columns; settings_since: when what is planned by changed last.
CREATE TABLE organisation_settings (
    organisation_id text PRIMARY KEY REFERENCES organisation,
    document jsonb NOT NULL CHECK (jsonb_typeof(document) = 'object'),
    revision integer NOT NULL,
    settings_since timestamptz CHECK (settings_since BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    updated_at timestamptz CHECK (updated_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    updated_by text
);

CREATE TABLE chapter (
    organisation_id text NOT NULL REFERENCES organisation,
    id text NOT NULL,
    name text NOT NULL,
    region text,
    PRIMARY KEY (organisation_id, id)
);

-- A role is NULL where the person never had it, false where it has ended. erased_at: the person's data were removed,
-- and no import brings them back.
CREATE TABLE person (
    id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisation,
    name text NOT NULL,
    email text,
    push_token text,
    channels text[] NOT NULL,
    locale text,
    is_mentor boolean,
    is_coordinator boolean,
    is_admin boolean,
    erased_at timestamptz CHECK (erased_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC')
);
CREATE INDEX person_admins ON person (organisation_id, id) WHERE is_admin;

CREATE TABLE membership (
    mentor_id text NOT NULL REFERENCES person,
    organisation_id text NOT NULL,
    chapter_id text NOT NULL,
    PRIMARY KEY (mentor_id, organisation_id, chapter_id),
    FOREIGN KEY (organisation_id, chapter_id) REFERENCES chapter (organisation_id, id)
);
CREATE INDEX membership_chapter ON membership (organisation_id, chapter_id);

-- Of an assignment: since and until (not included) are the time in which it is in force; active is the file's own word.
CREATE TABLE assignment (
    coordinator_id text NOT NULL REFERENCES person,
    organisation_id text NOT NULL,
    chapter_id text NOT NULL,
    is_primary boolean NOT NULL,
    since timestamptz NOT NULL CHECK (since BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    until timestamptz CHECK (until BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    active boolean NOT NULL,
    PRIMARY KEY (coordinator_id, organisation_id, chapter_id),
    FOREIGN KEY (organisation_id, chapter_id) REFERENCES chapter (organisation_id, id)
);
CREATE INDEX assignment_chapter ON assignment (organisation_id, chapter_id);

CREATE TABLE certification (
    mentor_id text PRIMARY KEY REFERENCES person,
    expires_at timestamptz NOT NULL CHECK (expires_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC')
);

-- Versions order what is told to other services. They begin with the time in milliseconds: in a database that was
-- restored to an earlier moment the next version is still newer than all that were told since. A sequence would go back.
CREATE FUNCTION version_after(version bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT GREATEST(version + 1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

-- Contacts as the notification service was last given them: a digest to see changes, a version to order them.
CREATE TABLE contact (
    person_id text PRIMARY KEY REFERENCES person,
    digest bytea NOT NULL,
    version bigint NOT NULL
);

-- Certifications as the notification service was last told, of all who are or were mentors; null: none is needed.
-- Version 0: nothing was told yet.
CREATE TABLE certification_news (
    mentor_id text PRIMARY KEY REFERENCES person,
    expires_at timestamptz CHECK (expires_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    reason text NOT NULL,
    version bigint NOT NULL,
    known_since timestamptz NOT NULL CHECK (known_since BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC')
);

-- Expiry dates that certifications have and had. The one that has not ended is what was planned by last.
CREATE TABLE certification_period (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mentor_id text NOT NULL REFERENCES person,
    expires_at timestamptz NOT NULL CHECK (expires_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    known_since timestamptz NOT NULL CHECK (known_since BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    ended_at timestamptz CHECK (ended_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    end_reason text,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX certification_period_of_mentor ON certification_period (mentor_id, number);

-- The course after which a mentor's certification, while it ends at expires_at, is expected to be renewed; null: taken
-- back.
CREATE TABLE renewal_enrolment (
    mentor_id text PRIMARY KEY REFERENCES person,
    expires_at timestamptz NOT NULL CHECK (expires_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    course_date date CHECK (course_date BETWEEN '2000-01-01' AND '2100-01-01'),
    updated_at timestamptz NOT NULL CHECK (updated_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC')
);

CREATE TABLE organisation_contact (
    organisation_id text PRIMARY KEY REFERENCES organisation,
    digest bytea NOT NULL,
    version bigint NOT NULL
);

-- Pause events. An event with a cause began or ended a pause; a pause is open until ended_at, and a mentor has at most
-- one that is open. return_date_since: when the return date was recorded. pause_event_by_mentor also holds the columns that lists are filtered by, so a scan reads no rows.
CREATE TABLE pause_event (
    id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    organisation_id text NOT NULL REFERENCES organisation,
    peer_mentor_id text NOT NULL REFERENCES person,
    event_type text NOT NULL CHECK (
        event_type IN ('pause_activated', 'pause_deactivated', 'certification_expired', 'certification_expiring')
    ),
    effective_date timestamptz NOT NULL CHECK (effective_date BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    encrypted_reason bytea,
    reason_key_id text,
    expected_return_date timestamptz CHECK (expected_return_date BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    expiry_date timestamptz CHECK (expiry_date BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    days_remaining integer,
    is_planned boolean NOT NULL,
    tier integer,
    cause text CHECK (cause IN ('voluntary', 'certification_expired', 'renewed', 'not_required')),
    ended_at timestamptz CHECK (ended_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    ended_by text,
    return_date_since timestamptz CHECK (return_date_since BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    recorded_by_id text,
    recorded_by_role text,
    certified_until timestamptz CHECK (certified_until BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    opposite_number bigint NOT NULL,
    coordinator_id text,
    admin_ids text[] NOT NULL,
    also_ids text[] NOT NULL,
    acted_by_id text,
    acted_by_name text,
    resolution_rule text,
    resolution_source text,
    announcement_id uuid,
    revision integer NOT NULL,
    created_at timestamptz NOT NULL CHECK (created_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    updated_at timestamptz CHECK (updated_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    CHECK ((encrypted_reason IS NULL) = (reason_key_id IS NULL))
);
CREATE UNIQUE INDEX pause_event_natural_key
    ON pause_event (peer_mentor_id, event_type, effective_date, opposite_number);
CREATE UNIQUE INDEX pause_event_open_pause ON pause_event (peer_mentor_id)
    WHERE event_type = 'pause_activated' AND cause IS NOT NULL AND ended_at IS NULL;
CREATE INDEX pause_event_newest ON pause_event (created_at DESC, id DESC);
CREATE INDEX pause_event_of_type ON pause_event (event_type, created_at DESC, id DESC);
CREATE INDEX pause_event_of_organisation ON pause_event (organisation_id, created_at DESC, id DESC);
CREATE INDEX pause_event_of_organisation_and_type
    ON pause_event (organisation_id, event_type, created_at DESC, id DESC);
CREATE INDEX pause_event_by_mentor ON pause_event (peer_mentor_id, created_at DESC, id DESC)
    INCLUDE (organisation_id, event_type, coordinator_id);
CREATE INDEX pause_event_of_coordinator ON pause_event (coordinator_id, created_at DESC, id DESC);

-- Natural keys of events about certifications that an administrator removed or moved to another date: they are not
-- planned again.
CREATE TABLE former_event (
    organisation_id text NOT NULL REFERENCES organisation,
    peer_mentor_id text NOT NULL REFERENCES person,
    event_type text NOT NULL,
    effective_date timestamptz NOT NULL CHECK (effective_date BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    PRIMARY KEY (peer_mentor_id, event_type, effective_date)
);

-- Dispatch results: what the notification service answered, by recipient and channel.
CREATE TABLE dispatch_result (
    event_id text NOT NULL REFERENCES pause_event ON DELETE CASCADE,
    recipient_id text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL CHECK (
        status IN ('queued', 'sent', 'delivered', 'failed', 'expired', 'unknown', 'skipped')
    ),
    sent_at timestamptz CHECK (sent_at BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    message_id text,
    PRIMARY KEY (event_id, recipient_id, channel)
);

-- Counter table: how many events there are by coordinator and type, kept by triggers, because a list's total must not
-- read all events.
CREATE TABLE event_count (
    organisation_id text NOT NULL,
    coordinator_id text NOT NULL,
    event_type text NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (organisation_id, coordinator_id, event_type)
) WITH (fillfactor = 70);

-- Once per statement, however many rows it changes; in the order of the key, so that no two transactions deadlock.
-- SECURITY DEFINER: writing rows needs no privilege on the counts.
CREATE FUNCTION event_count_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO event_count AS kept
        SELECT organisation_id, coordinator_id, event_type, sum(step)
        FROM (
            SELECT
                row.organisation_id AS organisation_id,
                COALESCE(row.coordinator_id, '') AS coordinator_id,
                row.event_type AS event_type,
                1 AS step
            FROM after AS row
        ) AS steps
        GROUP BY organisation_id, coordinator_id, event_type
        HAVING sum(step) <> 0
        ORDER BY organisation_id, coordinator_id, event_type
        ON CONFLICT (organisation_id, coordinator_id, event_type)
        DO UPDATE SET events = kept.events + excluded.events;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO event_count AS kept
        SELECT organisation_id, coordinator_id, event_type, sum(step)
        FROM (
            SELECT
                row.organisation_id AS organisation_id,
                COALESCE(row.coordinator_id, '') AS coordinator_id,
                row.event_type AS event_type,
                -1 AS step
            FROM before AS row
        ) AS steps
        GROUP BY organisation_id, coordinator_id, event_type
        HAVING sum(step) <> 0
        ORDER BY organisation_id, coordinator_id, event_type
        ON CONFLICT (organisation_id, coordinator_id, event_type)
        DO UPDATE SET events = kept.events + excluded.events;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO event_count AS kept
        SELECT organisation_id, coordinator_id, event_type, sum(step)
        FROM (
            SELECT
                row.organisation_id AS organisation_id,
                COALESCE(row.coordinator_id, '') AS coordinator_id,
                row.event_type AS event_type,
                1 AS step
            FROM after AS row
            UNION ALL
            SELECT
                row.organisation_id AS organisation_id,
                COALESCE(row.coordinator_id, '') AS coordinator_id,
                row.event_type AS event_type,
                -1 AS step
            FROM before AS row
        ) AS steps
        GROUP BY organisation_id, coordinator_id, event_type
        HAVING sum(step) <> 0
        ORDER BY organisation_id, coordinator_id, event_type
        ON CONFLICT (organisation_id, coordinator_id, event_type)
        DO UPDATE SET events = kept.events + excluded.events;
    ELSE
        DELETE FROM event_count;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER event_count_insert AFTER INSERT ON pause_event REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION event_count_keep();
CREATE TRIGGER event_count_delete AFTER DELETE ON pause_event REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION event_count_keep();
CREATE TRIGGER event_count_update AFTER UPDATE ON pause_event REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION event_count_keep();
CREATE TRIGGER event_count_truncate AFTER TRUNCATE ON pause_event
    FOR EACH STATEMENT EXECUTE FUNCTION event_count_keep();

-- Counter table: how many events each mentor has, kept by triggers, for lists of a few mentors.
CREATE TABLE mentor_event_count (
    peer_mentor_id text NOT NULL,
    organisation_id text NOT NULL,
    coordinator_id text NOT NULL,
    event_type text NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (peer_mentor_id, organisation_id, coordinator_id, event_type)
) WITH (fillfactor = 70);

-- Once per statement, however many rows it changes; in the order of the key, so that no two transactions deadlock.
-- SECURITY DEFINER: writing rows needs no privilege on the counts.
CREATE FUNCTION mentor_event_count_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO mentor_event_count AS kept
        SELECT peer_mentor_id, organisation_id, coordinator_id, event_type, sum(step)
        FROM (
            SELECT
                row.peer_mentor_id AS peer_mentor_id,
                row.organisation_id AS organisation_id,
                COALESCE(row.coordinator_id, '') AS coordinator_id,
                row.event_type AS event_type,
                1 AS step
            FROM after AS row
        ) AS steps
        GROUP BY peer_mentor_id, organisation_id, coordinator_id, event_type
        HAVING sum(step) <> 0
        ORDER BY peer_mentor_id, organisation_id, coordinator_id, event_type
        ON CONFLICT (peer_mentor_id, organisation_id, coordinator_id, event_type)
        DO UPDATE SET events = kept.events + excluded.events;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO mentor_event_count AS kept
        SELECT peer_mentor_id, organisation_id, coordinator_id, event_type, sum(step)
        FROM (
            SELECT
                row.peer_mentor_id AS peer_mentor_id,
                row.organisation_id AS organisation_id,
                COALESCE(row.coordinator_id, '') AS coordinator_id,
                row.event_type AS event_type,
                -1 AS step
            FROM before AS row
        ) AS steps
        GROUP BY peer_mentor_id, organisation_id, coordinator_id, event_type
        HAVING sum(step) <> 0
        ORDER BY peer_mentor_id, organisation_id, coordinator_id, event_type
        ON CONFLICT (peer_mentor_id, organisation_id, coordinator_id, event_type)
        DO UPDATE SET events = kept.events + excluded.events;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO mentor_event_count AS kept
        SELECT peer_mentor_id, organisation_id, coordinator_id, event_type, sum(step)
        FROM (
            SELECT
                row.peer_mentor_id AS peer_mentor_id,
                row.organisation_id AS organisation_id,
                COALESCE(row.coordinator_id, '') AS coordinator_id,
                row.event_type AS event_type,
                1 AS step
            FROM after AS row
            UNION ALL
            SELECT
                row.peer_mentor_id AS peer_mentor_id,
                row.organisation_id AS organisation_id,
                COALESCE(row.coordinator_id, '') AS coordinator_id,
                row.event_type AS event_type,
                -1 AS step
            FROM before AS row
        ) AS steps
        GROUP BY peer_mentor_id, organisation_id, coordinator_id, event_type
        HAVING sum(step) <> 0
        ORDER BY peer_mentor_id, organisation_id, coordinator_id, event_type
        ON CONFLICT (peer_mentor_id, organisation_id, coordinator_id, event_type)
        DO UPDATE SET events = kept.events + excluded.events;
    ELSE
        DELETE FROM mentor_event_count;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mentor_event_count_insert AFTER INSERT ON pause_event REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION mentor_event_count_keep();
CREATE TRIGGER mentor_event_count_delete AFTER DELETE ON pause_event REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION mentor_event_count_keep();
CREATE TRIGGER mentor_event_count_update AFTER UPDATE ON pause_event REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION mentor_event_count_keep();
CREATE TRIGGER mentor_event_count_truncate AFTER TRUNCATE ON pause_event
    FOR EACH STATEMENT EXECUTE FUNCTION mentor_event_count_keep();

-- Row-level security: a transaction sees and writes the rows of its tenant (the setting app.org), or those of all
-- tenants (app.all_tenants). It applies to the owner as well.
ALTER TABLE organisation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organisation USING (
    current_setting('app.all_tenants', true) <> '' OR id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE organisation_settings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organisation_settings USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE chapter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON chapter USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE person ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON person USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE membership ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON membership USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE assignment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON assignment USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE certification ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON certification USING (
    current_setting('app.all_tenants', true) <> ''
    OR EXISTS (SELECT FROM person WHERE person.id = certification.mentor_id)
);
ALTER TABLE certification_news ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON certification_news USING (
    current_setting('app.all_tenants', true) <> ''
    OR EXISTS (SELECT FROM person WHERE person.id = certification_news.mentor_id)
);
ALTER TABLE certification_period ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON certification_period USING (
    current_setting('app.all_tenants', true) <> ''
    OR EXISTS (SELECT FROM person WHERE person.id = certification_period.mentor_id)
);
ALTER TABLE renewal_enrolment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON renewal_enrolment USING (
    current_setting('app.all_tenants', true) <> ''
    OR EXISTS (SELECT FROM person WHERE person.id = renewal_enrolment.mentor_id)
);
ALTER TABLE contact ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON contact USING (
    current_setting('app.all_tenants', true) <> ''
    OR EXISTS (SELECT FROM person WHERE person.id = contact.person_id)
);
ALTER TABLE organisation_contact ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organisation_contact USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE pause_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON pause_event USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE former_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON former_event USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE dispatch_result ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dispatch_result USING (
    current_setting('app.all_tenants', true) <> ''
    OR EXISTS (SELECT FROM pause_event WHERE pause_event.id = dispatch_result.event_id)
);
ALTER TABLE event_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event_count USING (
    current_setting('app.all_tenants', true) <> '' OR organisation_id = NULLIF(current_setting('app.org', true), '')
);
ALTER TABLE mentor_event_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mentor_event_count USING (
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
