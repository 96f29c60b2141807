"""People whose data were removed: no import brings them back."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE person ADD COLUMN erased_at timestamptz")
