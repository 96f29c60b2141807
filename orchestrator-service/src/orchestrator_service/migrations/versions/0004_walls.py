"""Row-level security: a transaction sees its own organisation's rows (shared_lib.tenancy)."""

from alembic import op
from shared_lib import audit, idempotency, outbox
from shared_lib.tenancy import protect, protect_with

revision = "0004"
down_revision = "0003"
oldest_code = "0004"
"""Code of before this does not say whose rows it wants, and would see none."""

accepts = idempotency.PER_TENANT_ACCEPTS

WALLS = (
    protect("organisation", "id"),
    protect("chapter", "organisation_id"),
    protect("person", "organisation_id"),
    protect("membership", "organisation_id"),
    protect("assignment", "organisation_id"),
    protect_with("certification", "person", "person.id = certification.mentor_id"),
    protect_with("contact", "person", "person.id = contact.person_id"),
    protect("organisation_contact", "organisation_id"),
    protect("pause_event", "organisation_id"),
    protect_with("dispatch_result", "pause_event", "pause_event.id = dispatch_result.event_id"),
    protect("event_count", "organisation_id"),
    protect("audit_entry", "organisation_id"),
)


def upgrade() -> None:
    for wall in WALLS:
        op.execute(wall)
    op.execute(outbox.PER_TENANT)
    op.execute(audit.PER_TENANT)
    op.execute(idempotency.PER_TENANT)
