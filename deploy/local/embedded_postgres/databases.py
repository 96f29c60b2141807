"""Roles and databases inside a running server."""

from collections.abc import Mapping
from urllib.parse import quote

import psycopg
from psycopg.sql import SQL, Identifier, Literal


def ensure_database(superuser_dsn: str, name: str, *, role: str, password: str, template: str = "template1") -> None:
    """Make the database `name`, owned by an ordinary role with this password. Repeating it is harmless."""
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        _ensure_role(connection, role, password)
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            names = [Identifier(each) for each in (name, role, template)]
            connection.execute(SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*names))
        # No service may connect to the databases of the others.
        connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(name)))


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    # Only the SCRAM verifier leaves this process.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    connection.execute(
        SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}").format(
            SQL("ALTER" if known else "CREATE"), Identifier(role), Literal(verifier)
        )
    )


def run_roles(database_dsn: str, script: str, passwords: Mapping[str, str], *, prefix: str = "") -> None:
    """Run the script that makes the roles of a database (deploy/database/roles.sql), and give them these passwords.

    `database_dsn` is a superuser's, in that database. `prefix` begins the roles' names in place of the database's name.
    """
    with psycopg.connect(database_dsn) as connection:
        connection.execute("SELECT set_config('roles.prefix', %s, true)", [prefix])
        connection.execute(script.encode())
        for role, password in passwords.items():
            _ensure_role(connection, role, password)


def socket_dsn(directory: str, database: str, role: str, password: str) -> str:
    """A URL that libpq and SQLAlchemy both understand."""
    user, secret, path = quote(role, safe=""), quote(password, safe=""), quote(database, safe="")
    return f"postgresql://{user}:{secret}@/{path}?host={quote(directory, safe='')}&port=5432"
