"""alembic's entry: runs on the connection that `shared_lib.database.migrations` hands over."""

from alembic import context
from shared_lib.database.migrations import run_env

run_env(context.config.attributes["connection"])
