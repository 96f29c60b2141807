"""All tables of this service with their indexes, triggers and policies, in the SQL file beside this one."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

SQL = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Run the file as it stands: without parameters, so `:` and `%` have no meaning of their own."""
    op.get_bind().exec_driver_sql(SQL.read_text(encoding="utf-8"), execution_options={"no_parameters": True})
