"""Every revision of every service may run while the previous release serves: squawk looks at its statements."""

from importlib import import_module

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib_testing.migration_rules import Watch
from shared_lib_testing.postgres import PostgresServer, database_for
from variables import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_no_revision_after_the_first_locks_a_table_or_breaks_older_code(
    service: str, postgres_server: PostgresServer
) -> None:
    migrations = import_module(f"{service}_service.app").MIGRATIONS
    grants = import_module(f"{service}_service.store.grants").GRANTS
    config = Config()
    config.set_main_option("script_location", str(migrations))
    first, *later = reversed(list(ScriptDirectory.from_config(config).walk_revisions()))
    empty = database_for(postgres_server, f"{service}_rules", lambda _: None, prefix=service)
    database = Database.open(empty.owner, pool_size=1)

    migrate(database, migrations, grants, target=first.revision)
    for script in later:
        with Watch(database.engine, script.revision, script.module):
            migrate(database, migrations, grants, target=script.revision)

    database.close()
