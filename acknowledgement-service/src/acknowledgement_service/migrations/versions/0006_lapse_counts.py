"""How many lapses there are, kept by triggers: a list's total must not walk them."""

from acknowledgement_service.store.lapses import COUNTS
from alembic import op
from shared_lib.database.row_level_security import enable_row_level_security

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in COUNTS.create():
        op.execute(statement)
    op.execute(enable_row_level_security("lapse_count", "organisation_id"))
