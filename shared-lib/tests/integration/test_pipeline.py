"""Statements that are sent together: in their order, in one transaction, and no failure of any goes unnoticed."""

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from shared_lib.database import Database
from shared_lib.errors import Unavailable
from shared_lib.pipeline import Answer
from shared_lib.statements import ask, ask_one, driver_of, send
from shared_lib.tenancy import across, within
from shared_lib.testing.postgres import Addresses
from shared_lib.testing.statements import counted_journeys
from sqlalchemy import exc, text


@pytest.fixture(autouse=True)
def parcels(database: Database, outbox_addresses: Addresses) -> Iterator[None]:
    with psycopg.connect(outbox_addresses.owner) as owner:
        owner.execute(
            "CREATE TABLE parcel (id integer PRIMARY KEY, name text CHECK (name <> ''), "
            "inside integer REFERENCES parcel DEFERRABLE INITIALLY DEFERRED)"
        )
        owner.execute("GRANT ALL ON parcel TO PUBLIC")
    yield
    with psycopg.connect(outbox_addresses.owner) as owner:
        owner.execute("DROP TABLE parcel")


def put(number: int, name: str = "box") -> tuple[str, dict[str, object]]:
    return "INSERT INTO parcel VALUES (%(id)s, %(name)s) RETURNING id, name", {"id": number, "name": name}


def stored(database: Database) -> list[int]:
    with database.begin(across("test")) as session:
        return [row.id for row in ask(session, "SELECT id FROM parcel ORDER BY id")]


def test_what_nobody_asks_about_is_done_with_the_end(database: Database) -> None:
    with database.begin(across("test")) as session:
        first, second = send(session, *put(1)), send(session, *put(2))
    assert stored(database) == [1, 2]
    assert [(first.row.id, first.row.name), second.row.id] == [(1, "box"), 2]


def test_an_answer_sends_what_was_given_before_it(database: Database) -> None:
    with database.begin(across("test")) as session:
        send(session, *put(1))
        assert ask_one(session, "SELECT count(*) AS number FROM parcel").number == 1


def test_a_transaction_goes_to_the_database_when_an_answer_is_wanted_and_at_the_end(database: Database) -> None:
    stored(database)  # connected
    with counted_journeys() as journeys, database.begin(within("oslo")) as session:
        for number in range(4):
            send(session, *put(number))
        assert journeys == []
        assert ask_one(session, "SELECT count(*) AS number FROM parcel").number == 4
        assert [len(journey) for journey in journeys] == [1 + 1 + 4 + 1]  # BEGIN and whose rows are seen
        send(session, *put(5))
    assert [len(journey) for journey in journeys[1:]] == [1 + 1]  # COMMIT


def test_what_leaves_together_needs_no_beginning_and_no_end(database: Database) -> None:
    stored(database)  # connected
    with counted_journeys() as journeys, database.begin(within("oslo")) as session:
        answers = [send(session, *put(number)) for number in range(4)]
    assert [len(journey) for journey in journeys] == [1 + 4]
    assert [answer.row.id for answer in answers] == stored(database) == [0, 1, 2, 3]


def test_nothing_asked_is_nothing_sent(database: Database) -> None:
    stored(database)  # connected
    with counted_journeys() as journeys, database.begin(within("oslo")):
        pass
    assert journeys == []


def test_a_failure_is_raised_at_the_next_answer_and_nothing_holds(database: Database) -> None:
    answers: list[Answer] = []

    def fail() -> None:
        with database.begin(across("test")) as session:
            answers.extend(send(session, *put(number, name)) for number, name in ((1, "box"), (2, ""), (3, "box")))
            ask(session, "SELECT 1 AS one")

    with pytest.raises(exc.IntegrityError):
        fail()
    for answer in answers:
        with pytest.raises(RuntimeError, match="not answered"):
            _ = answer.rows
    assert stored(database) == []


def test_a_failure_is_raised_at_the_end_when_nobody_asked(database: Database) -> None:
    def fail() -> None:
        with database.begin(across("test")) as session:
            for number in (1, 1, 2):
                send(session, *put(number))

    with pytest.raises(exc.IntegrityError):
        fail()
    assert stored(database) == []


def test_a_failure_that_nobody_heeds_is_no_commit(database: Database) -> None:
    def ignore() -> None:
        with database.begin(across("test")) as session:
            send(session, *put(1))
            with suppress(exc.IntegrityError):
                ask(session, *put(2, name=""))

    with pytest.raises(RuntimeError, match="failed before"):
        ignore()
    assert stored(database) == []


def test_the_connection_serves_the_next_transaction_after_a_failure(outbox_url: str) -> None:
    single = Database.open(outbox_url, pool_size=1)

    def fail() -> None:
        with single.begin(across("test")) as session:
            send(session, "SELECT 1 AS one")
            send(session, "SELECT nothing FROM nowhere")

    for _ in range(8):  # more often than it takes to prepare a statement
        with pytest.raises(exc.ProgrammingError):
            fail()
        with single.begin(within("oslo")) as session:
            assert ask_one(session, "SELECT current_setting('app.org') AS org, current_setting('app.spans') AS spans")
    single.close()


def test_an_error_of_our_own_rolls_back_what_waits(database: Database) -> None:
    def fail() -> None:
        with database.begin(across("test")) as session:
            ask(session, *put(1))
            send(session, *put(2))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert stored(database) == []


def test_a_rollback_undoes_what_was_sent_and_forgets_what_waits(database: Database) -> None:
    with database.begin(across("test")) as session:
        ask(session, *put(1))
        send(session, *put(2))
        session.rollback()
        send(session, *put(3))
    with database.begin(across("test")) as session:
        session.execute(text("INSERT INTO parcel VALUES (4, 'box')"))
        send(session, *put(5))
        session.rollback()
    assert stored(database) == [3]


def test_a_savepoint_takes_what_was_sent_in_it(database: Database) -> None:
    with database.begin(across("test")) as session:
        send(session, *put(1))
        with suppress(KeyError), session.begin_nested():
            send(session, *put(2))
            raise KeyError
        with suppress(exc.IntegrityError), session.begin_nested():
            ask(session, *put(1))
        send(session, *put(3))
    assert stored(database) == [1, 3]


def test_a_mapped_statement_follows_what_was_sent_before_it(database: Database) -> None:
    with database.begin(across("test")) as session:
        send(session, *put(1))
        assert session.scalar(text("SELECT count(*) FROM parcel")) == 1
        session.execute(text("INSERT INTO parcel VALUES (2, 'box')"))
        send(session, "DELETE FROM parcel WHERE id = 1")
        with session.begin_nested():
            assert session.scalars(text("SELECT id FROM parcel")).all() == [2]
        send(session, *put(3))
    assert stored(database) == [2, 3]


def test_a_copy_follows_what_was_sent_before_it(database: Database) -> None:
    with database.begin(across("test")) as session:
        send(session, "DELETE FROM parcel")
        send(session, *put(1))
        with driver_of(session) as driver, driver.cursor() as cursor, cursor.copy("COPY parcel FROM STDIN") as stream:
            stream.write_row((2, "box", None))
    assert stored(database) == [1, 2]


def test_a_rule_that_is_checked_at_the_end_is_raised_there(database: Database) -> None:
    with pytest.raises(exc.IntegrityError), database.begin(across("test")) as session:
        send(session, "INSERT INTO parcel VALUES (1, 'box', 2)")
    assert stored(database) == []


def test_a_server_that_goes_while_statements_wait_is_unavailable(database: Database) -> None:
    def lose() -> None:
        with database.begin(across("test")) as session:
            pid = ask_one(session, "SELECT pg_backend_pid() AS pid").pid
            send(session, *put(1))
            with psycopg.connect(database.engine.url.set(drivername="postgresql").render_as_string(False)) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    with pytest.raises(Unavailable):
        lose()
    assert stored(database) == []


def test_the_settings_of_a_transaction_end_with_it(outbox_url: str) -> None:
    single = Database.open(outbox_url, pool_size=1)
    seen = []
    for reach in (within("oslo"), across("test"), within("bergen")):
        with single.begin(reach) as session:
            seen.append(ask_one(session, "SELECT current_setting('app.org', true) AS org").org)
    single.close()
    assert seen == ["oslo", "", "bergen"]
