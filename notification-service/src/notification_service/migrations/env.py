"""Entered by alembic, which `shared_lib.database.migrations` drives."""

from alembic import context
from shared_lib.database.migrations import run_env

run_env(context.config.attributes["connection"])
