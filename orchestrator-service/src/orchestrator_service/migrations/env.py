"""Alembic's entry: the connection comes from shared_lib.database.migrations."""

from alembic import context
from shared_lib.database.migrations import run_env

run_env(context.config.attributes["connection"])
