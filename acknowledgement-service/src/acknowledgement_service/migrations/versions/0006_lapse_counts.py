"""How many lapses there are, kept by triggers: a list's total must not walk them."""

from acknowledgement_service.store.lapse_counts import TALLY
from alembic import op
from shared_lib.tenancy import protect

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in TALLY.create():
        op.execute(statement)
    op.execute(protect("lapse_count", "organisation_id"))
