"""Which schema a database has, and which one this code was written for; does not import alembic.

Revisions are text and sort as text: "0009" comes before "0010".
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from .engine import Database
from .row_level_security import NO_TENANT

FLOOR = "serves code from "
"""The comment on alembic's table begins with this and names the oldest code that fits (`migrate`)."""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The revision of a database. `floor` is the oldest code it serves; empty: all since the first revision."""

    revision: str
    floor: str = ""

    def serves(self, code: str | None) -> bool:
        """Whether code written for revision `code` runs on it. A database may be ahead by revisions that only added."""
        return code is not None and self.floor <= code <= self.revision


def schema_in(connection: Connection | Session) -> Schema | None:
    """None for a database that was never migrated."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found = connection.execute(
        text("SELECT version_num, obj_description('alembic_version'::regclass, 'pg_class') FROM alembic_version")
    ).one_or_none()
    return Schema(revision=found[0], floor=(found[1] or "").removeprefix(FLOOR)) if found else None


def revision_of_database(database: Database) -> str | None:
    """The revision the database is at; None for one that was never migrated. Raises Unavailable."""
    with database.begin(NO_TENANT) as session:
        schema = schema_in(session)
    return schema.revision if schema else None


def does_database_serve(database: Database, code: str | None) -> bool:
    """Whether code written for revision `code` runs on the database as it is now. Raises Unavailable."""
    with database.begin(NO_TENANT) as session:
        schema = schema_in(session)
    return schema is not None and schema.serves(code)


def revision_of_code(migrations: Path) -> str | None:
    """The newest revision in the alembic directory; the names of its files begin with it (0001_initial.py)."""
    names = sorted(path.stem.partition("_")[0] for path in (migrations / "versions").glob("[0-9]*.py"))
    return names[-1] if names else None
