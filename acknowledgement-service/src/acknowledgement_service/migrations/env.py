"""alembic's entry: runs on the connection that `shared_lib.migrate` hands over."""

from alembic import context
from shared_lib.migrate import run_env

run_env(context.config.attributes["connection"])
