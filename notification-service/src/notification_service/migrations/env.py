"""Entered by alembic, which `shared_lib.migrate` drives."""

from alembic import context
from shared_lib.migrate import run_env

run_env(context.config.attributes["connection"])
