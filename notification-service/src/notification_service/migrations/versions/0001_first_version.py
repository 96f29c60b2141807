"""The first version: contacts, dispatches, messages, inbox, audit, idempotency keys, outbox."""

from alembic import op
from shared_lib import idempotency, outbox

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE organisation (
    id text PRIMARY KEY,
    name text NOT NULL,
    locale text NOT NULL,
    time_zone text NOT NULL,
    mentor_word text,
    coordinator_word text,
    admin_ids text[] NOT NULL,
    version bigint NOT NULL
);
CREATE TABLE contact (
    id text PRIMARY KEY,
    organisation_id text NOT NULL,
    name text NOT NULL,
    email text,
    push_token text,
    channels text[] NOT NULL,
    locale text,
    coordinator_id text,
    is_mentor boolean NOT NULL,
    active boolean NOT NULL,
    version bigint NOT NULL
);
CREATE TABLE dispatch (
    id uuid PRIMARY KEY,
    organisation_id text NOT NULL,
    notice text NOT NULL,
    mentor_id text NOT NULL,
    natural_key text NOT NULL,
    coordinator_id text,
    expected_return_date timestamptz,
    expiry_date timestamptz,
    days_remaining integer,
    acted_by_id text,
    acted_by_name text,
    created_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    lapse_outbox_id uuid,
    lapse_opened_at timestamptz
);
CREATE UNIQUE INDEX dispatch_once ON dispatch (mentor_id, natural_key) WHERE withdrawn_at IS NULL;
CREATE INDEX dispatch_of_mentor ON dispatch (mentor_id, created_at);
CREATE SEQUENCE message_number;
CREATE TABLE message (
    number bigint PRIMARY KEY DEFAULT nextval('message_number'),
    dispatch_id uuid NOT NULL REFERENCES dispatch (id) ON DELETE CASCADE,
    organisation_id text NOT NULL,
    recipient_id text NOT NULL,
    audience text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    reason text,
    outbox_id uuid,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT message_once UNIQUE (dispatch_id, recipient_id, channel)
);
ALTER SEQUENCE message_number OWNED BY message.number;
CREATE INDEX message_of_recipient ON message (recipient_id, created_at);
CREATE TABLE inbox (
    message_number bigint PRIMARY KEY REFERENCES message (number) ON DELETE CASCADE,
    organisation_id text NOT NULL,
    recipient_id text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    link text,
    created_at timestamptz NOT NULL,
    read_at timestamptz
);
CREATE INDEX inbox_of_recipient ON inbox (recipient_id, created_at);
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    act text NOT NULL,
    actor text NOT NULL,
    organisation_id text NOT NULL,
    subject_id text NOT NULL,
    object_id text NOT NULL,
    code text
);
CREATE INDEX audit_of_organisation ON audit (organisation_id, at);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are permanent';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""


def upgrade() -> None:
    """Create everything."""
    for statements in (TABLES, idempotency.CREATE, outbox.CREATE):
        op.execute(statements)


def downgrade() -> None:
    """There is nothing before the first version; drop the database instead."""
    raise NotImplementedError
