"""Row-level security: a transaction sees its own organisation's rows (shared_lib.database.row_level_security)."""

from alembic import op
from shared_lib import audit, idempotency, outbox
from shared_lib.database.row_level_security import enable_row_level_security, enable_row_level_security_by_parent

revision = "0004"
down_revision = "0001"
oldest_code = "0004"
"""Code of before this does not say whose rows it wants, and would see none."""

accepts = idempotency.PER_TENANT_ACCEPTS

WALLS = (
    enable_row_level_security("organisation", "id"),
    enable_row_level_security("chapter", "organisation_id"),
    enable_row_level_security("person", "organisation_id"),
    enable_row_level_security("membership", "organisation_id"),
    enable_row_level_security("assignment", "organisation_id"),
    enable_row_level_security_by_parent("certification", "person", "person.id = certification.mentor_id"),
    enable_row_level_security_by_parent("contact", "person", "person.id = contact.person_id"),
    enable_row_level_security("organisation_contact", "organisation_id"),
    enable_row_level_security("pause_event", "organisation_id"),
    enable_row_level_security_by_parent("dispatch_result", "pause_event", "pause_event.id = dispatch_result.event_id"),
    enable_row_level_security("event_count", "organisation_id"),
)


def upgrade() -> None:
    for wall in WALLS:
        op.execute(wall)
    op.execute(outbox.PER_TENANT)
    op.execute(audit.PER_TENANT)
    op.execute(idempotency.PER_TENANT)
