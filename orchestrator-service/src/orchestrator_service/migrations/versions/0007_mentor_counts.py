"""How many events each mentor has, kept by triggers: a coordinator's list must not count those of all his mentors."""

from alembic import op
from orchestrator_service.store.event_counts import OF_MENTORS
from shared_lib.tenancy import protect

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in OF_MENTORS.create():
        op.execute(statement)
    op.execute(protect("mentor_event_count", "organisation_id"))
