"""Alembic's entry: the connection comes from shared_lib.migrate."""

from alembic import context
from shared_lib.migrate import run_env

run_env(context.config.attributes["connection"])
