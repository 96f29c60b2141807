"""Which schema a database has, and which one this code was written for; without loading the migration tool."""

from pathlib import Path

from sqlalchemy import text

from .database import Database


def revision_of_database(database: Database) -> str | None:
    """The revision the database is at; None for one that was never migrated. Raises Unavailable."""
    with database.begin() as session:
        if session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def revision_of_code(migrations: Path) -> str | None:
    """The newest revision: files in `versions/` begin with theirs, and sort by it (0001_first.py)."""
    names = sorted(path.stem.partition("_")[0] for path in (migrations / "versions").glob("[0-9]*.py"))
    return names[-1] if names else None
