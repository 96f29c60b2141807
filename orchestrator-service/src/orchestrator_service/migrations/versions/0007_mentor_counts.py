"""How many events each mentor has, kept by triggers: a coordinator's list must not count those of all their mentors."""

from alembic import op
from orchestrator_service.store.event_lists import OF_MENTORS
from shared_lib.database.row_level_security import enable_row_level_security

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in OF_MENTORS.create():
        op.execute(statement)
    op.execute(enable_row_level_security("mentor_event_count", "organisation_id"))
