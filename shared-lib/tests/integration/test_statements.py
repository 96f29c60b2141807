"""Statements past SQLAlchemy behave like those through it: in the same transaction, with the same errors."""

from uuid import uuid4

import psycopg
import pytest
from shared_lib.database import Database
from shared_lib.errors import Unavailable
from shared_lib.statements import ask, ask_one
from shared_lib.tenancy import across
from sqlalchemy import exc, text


def test_both_ways_see_the_same_transaction(database: Database) -> None:
    with database.begin(across("test")) as session:
        session.execute(text("CREATE TEMPORARY TABLE parcel (id uuid, name text) ON COMMIT DROP"))
        given = uuid4()
        assert ask(session, "INSERT INTO parcel VALUES (%(id)s, %(name)s)", {"id": given, "name": "box"}) == []
        assert session.execute(text("SELECT id, name FROM parcel")).one() == (given, "box")
        row = ask_one(session, "SELECT name, id FROM parcel")
        assert (row.id, row.name) == (given, "box")
        assert ask_one(session, "SELECT FROM parcel WHERE false") is None


def test_a_broken_rule_is_the_same_error(database: Database) -> None:
    def break_it() -> None:
        with database.begin(across("test")) as session:
            ask(session, "CREATE TEMPORARY TABLE parcel (id integer PRIMARY KEY) ON COMMIT DROP")
            ask(session, "INSERT INTO parcel VALUES (1), (1)")

    with pytest.raises(exc.IntegrityError):
        break_it()


def test_a_statement_that_takes_too_long_makes_the_database_unavailable(database: Database) -> None:
    def take_long() -> None:
        with database.begin(across("test")) as session:
            ask(session, "SET LOCAL statement_timeout = '20ms'")
            ask(session, "SELECT pg_sleep(5)")

    with pytest.raises(Unavailable, match="database_57014"):
        take_long()


def test_a_lost_server_costs_one_transaction_however_many_connections_it_had(database: Database) -> None:
    with database.begin(across("test")) as one, database.begin(across("test")) as another:
        pids = [ask_one(session, "SELECT pg_backend_pid() AS pid").pid for session in (one, another)]

    def lose() -> None:
        with database.begin(across("test")) as session:
            ask(session, "SELECT 1")
            with psycopg.connect(database.engine.url.set(drivername="postgresql").render_as_string(False)) as other:
                other.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", [pids])
            ask(session, "SELECT 1")

    with pytest.raises(Unavailable):
        lose()
    with database.begin(across("test")) as session, database.begin(across("test")) as other:
        assert ask_one(session, "SELECT 1 AS one").one == 1
        assert ask_one(other, "SELECT 1 AS one").one == 1
