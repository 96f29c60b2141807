"""The directory, pause events, their audit and outbox."""

from alembic import op
from orchestrator_service.store.event_lists import OF_COORDINATORS
from shared_lib import audit, idempotency, outbox

revision = "0001"
down_revision = None

DIRECTORY = """
CREATE TABLE organisation (
    id text PRIMARY KEY,
    name text NOT NULL,
    locale text NOT NULL,
    time_zone text NOT NULL,
    mentor_word text NOT NULL,
    coordinator_word text NOT NULL,
    tell_all_coordinators boolean NOT NULL
);
CREATE TABLE chapter (
    organisation_id text NOT NULL REFERENCES organisation,
    id text NOT NULL,
    name text NOT NULL,
    region text,
    PRIMARY KEY (organisation_id, id)
);
CREATE TABLE person (
    id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisation,
    name text NOT NULL,
    email text,
    push_token text,
    channels text[] NOT NULL,
    locale text,
    is_mentor boolean NOT NULL,
    is_coordinator boolean NOT NULL,
    is_admin boolean NOT NULL
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
CREATE TABLE assignment (
    coordinator_id text NOT NULL REFERENCES person,
    organisation_id text NOT NULL,
    chapter_id text NOT NULL,
    is_primary boolean NOT NULL,
    since timestamptz NOT NULL,
    active boolean NOT NULL,
    PRIMARY KEY (coordinator_id, organisation_id, chapter_id),
    FOREIGN KEY (organisation_id, chapter_id) REFERENCES chapter (organisation_id, id)
);
CREATE INDEX assignment_chapter ON assignment (organisation_id, chapter_id);
CREATE TABLE certification (
    mentor_id text PRIMARY KEY REFERENCES person,
    expires_at timestamptz NOT NULL
);
CREATE SEQUENCE contact_version;
CREATE TABLE contact (
    person_id text PRIMARY KEY REFERENCES person,
    digest bytea NOT NULL,
    version bigint NOT NULL
);
CREATE TABLE organisation_contact (
    organisation_id text PRIMARY KEY REFERENCES organisation,
    digest bytea NOT NULL,
    version bigint NOT NULL
);
"""

EVENTS = """
CREATE TABLE pause_event (
    id text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    organisation_id text NOT NULL REFERENCES organisation,
    peer_mentor_id text NOT NULL REFERENCES person,
    event_type text NOT NULL,
    effective_date timestamptz NOT NULL CHECK (effective_date BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    encrypted_reason bytea,
    reason_key_id text,
    expected_return_date timestamptz CHECK (expected_return_date BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    expiry_date timestamptz CHECK (expiry_date BETWEEN '2000-01-01 UTC' AND '2100-01-01 UTC'),
    days_remaining integer,
    coordinator_id text,
    admin_ids text[] NOT NULL,
    also_ids text[] NOT NULL,
    acted_by_id text,
    acted_by_name text,
    resolution_rule text,
    resolution_source text,
    announcement_id uuid,
    revision integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    CHECK ((encrypted_reason IS NULL) = (reason_key_id IS NULL))
);
CREATE UNIQUE INDEX pause_event_natural_key ON pause_event (peer_mentor_id, event_type, effective_date);
CREATE INDEX pause_event_newest ON pause_event (created_at DESC, id DESC);
CREATE INDEX pause_event_of_type ON pause_event (event_type, created_at DESC, id DESC);
CREATE INDEX pause_event_of_organisation ON pause_event (organisation_id, created_at DESC, id DESC);
CREATE INDEX pause_event_of_organisation_and_type
    ON pause_event (organisation_id, event_type, created_at DESC, id DESC);
CREATE INDEX pause_event_of_mentor ON pause_event (peer_mentor_id, created_at DESC, id DESC);
CREATE INDEX pause_event_of_coordinator ON pause_event (coordinator_id, created_at DESC, id DESC);
CREATE TABLE dispatch_result (
    event_id text NOT NULL REFERENCES pause_event ON DELETE CASCADE,
    recipient_id text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    sent_at timestamptz,
    message_id text,
    PRIMARY KEY (event_id, recipient_id, channel)
);
"""


def upgrade() -> None:
    for part in (DIRECTORY, EVENTS, *OF_COORDINATORS.create(), audit.CREATE, outbox.CREATE, idempotency.CREATE):
        op.execute(part)
