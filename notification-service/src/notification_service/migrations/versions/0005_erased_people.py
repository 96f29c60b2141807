"""People whose data were removed: their contact stays, blank, and no update changes it."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE contact ADD COLUMN erased_at timestamptz")
