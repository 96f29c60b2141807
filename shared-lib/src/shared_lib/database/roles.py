"""Three roles for a database: its owner migrates, `_app` serves and relays, `_read` reads (deploy/database/roles.sql).

The roles are found by name: `parcels_owner` grants to `parcels_app` and `parcels_read`.
"""

from collections.abc import Mapping

import structlog
from psycopg.sql import SQL, Composable, Identifier
from sqlalchemy import Connection, text

log = structlog.get_logger(__name__)

OWNER = "_owner"
BASE_PRIVILEGES: Mapping[str, str] = {"alembic_version": "SELECT"}
"""Every service reads whether the schema is the one it was written for."""


def grant_privileges(connection: Connection, grants: Mapping[str, str]) -> None:
    """Let the app role do with the tables exactly what `grants` says ("SELECT, INSERT"), and the read role read.

    All other privileges are revoked. A repeat is harmless. Does nothing when the owner is not called `…_owner`: then
    there are no other roles.
    """
    owner = str(connection.scalar(text("SELECT current_user")))
    if not owner.endswith(OWNER):
        log.warning("grants.owner_alone")
        return
    app, reader = (Identifier(owner.removesuffix(OWNER) + kind) for kind in ("_app", "_read"))
    for kind in (SQL("TABLES"), SQL("SEQUENCES")):
        _run(connection, SQL("REVOKE ALL ON ALL {} IN SCHEMA public FROM {}, {}").format(kind, app, reader))
    for table, privileges in {**BASE_PRIVILEGES, **grants}.items():
        allowed = SQL(privileges)  # a constant of the service
        _run(connection, SQL("GRANT {} ON {} TO {}").format(allowed, Identifier(table), app))
    _run(connection, SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(app))
    _run(connection, SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(reader))


def _run(connection: Connection, statement: Composable) -> None:
    connection.exec_driver_sql(statement.as_string())
