"""What the conftests of the services build on."""

import psycopg
import pytest
from shared_lib_testing.postgres import database_for, truncate_all

from ..databases import query

MIGRATION = """
    CREATE TABLE alembic_version (version_num text);
    INSERT INTO alembic_version VALUES ('0001');
    CREATE TABLE parcel (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
    CREATE TABLE scan (parcel_id bigint REFERENCES parcel);
    CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'append only'; END $$;
    CREATE TRIGGER append_only BEFORE TRUNCATE ON scan EXECUTE FUNCTION forbid();
"""


def migrate(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(MIGRATION.encode())


def fill(dsn: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("INSERT INTO parcel DEFAULT VALUES RETURNING id").fetchone()
        connection.execute("INSERT INTO scan SELECT id FROM parcel")
    return row[0] if row else None


def test_databases_of_one_owner_share_a_migration_but_no_rows(postgres_server):
    migrations = []

    def counted(dsn: str) -> None:
        migrations.append(dsn)
        migrate(dsn)

    first = database_for(postgres_server, "parcels", counted).owner
    second = database_for(postgres_server, "parcels_too", counted, prefix="parcels").owner
    fill(first)

    assert query(first, "SELECT count(*) FROM parcel") == 1
    assert query(second, "SELECT count(*) FROM parcel") == 0
    assert query(second, "SELECT current_user") == "parcels_owner"
    assert len(migrations) == 1


def test_a_database_of_the_same_name_begins_anew_even_when_a_client_is_connected(postgres_server):
    dsn = database_for(postgres_server, "anew", migrate).owner
    fill(dsn)
    connection = psycopg.connect(dsn)
    database_for(postgres_server, "anew", migrate)

    assert query(dsn, "SELECT count(*) FROM parcel") == 0
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_truncating_empties_everything_but_the_revision(postgres_server):
    dsn = database_for(postgres_server, "emptied", migrate).owner
    fill(dsn)
    truncate_all(dsn)

    assert query(dsn, "SELECT count(*) FROM scan") == 0
    assert query(dsn, "SELECT version_num FROM alembic_version") == "0001"
    assert fill(dsn) == 1
