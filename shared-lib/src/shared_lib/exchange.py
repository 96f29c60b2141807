"""Statements that go to the database in one message, and the answers that come back together.

The driver can do that by itself (its pipeline mode), but makes a cursor and runs a generator for every statement, and
lets other threads run meanwhile: nine short statements cost 0.23 ms of processor time like that, 0.08 ms like this. So
this speaks to libpq through what the driver publishes of it (`psycopg.pq` and `psycopg.adapt`); values and columns are
translated by the driver as ever, and come back in binary.
"""

import select
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import psycopg
from psycopg import errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from shared_lib.prepared import Statement, Statements, numbered

Question = tuple[str, Mapping[str, Any] | None]
"""A statement with `%(name)s` for its values; without values (None) it is sent as it is written."""


class Reply(NamedTuple):
    """What came of one statement."""

    rows: list[Any]
    """Named tuples; [] for a statement that answers none."""

    tag: bytes | None
    """What was done, such as `INSERT 0 1` or `COMMIT`."""


_Asked = tuple[Statement, Any, Any]
"""With its values and their formats, as libpq takes them."""


class Exchange:
    """One connection's. Not for two threads at once.

    The connection's driver must not prepare statements itself: it gives up others' with its own.
    """

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self._pgconn = driver.pgconn
        self._transformer = Transformer(driver)
        self._statements = Statements()

    def ask(self, questions: Sequence[Question], *, unread: int = 0) -> list[Reply]:
        """The replies in order, but for those to the first `unread`, which nobody wants to know.

        Raises the first error as the driver would (`psycopg.Error`); nothing that follows it was done. Whatever else
        breaks in on the waiting leaves a broken connection.
        """
        asked = [self._translated(*question) for question in questions]
        answering, results = self._exchanged(asked)
        failure = _failure(results)
        if failure is not None:
            for statement, _, _ in asked:  # some may not have been prepared, or no longer fit (after a migration)
                self._statements.give_up(statement)
            raise failure
        wanted = zip(asked[unread:], answering[unread:], strict=True)
        return [self._reply(one[0], results[index]) for one, index in wanted]

    def _exchanged(self, asked: Sequence[_Asked]) -> tuple[Sequence[int], Sequence[PGresult]]:
        """Which results answer the questions, and all of them: to prepare a statement, or give it up, has its own."""
        pgconn = self._pgconn
        given_up = self._statements.given_up()
        answering, sent = [], len(given_up)
        try:
            pgconn.enter_pipeline_mode()
            for name in given_up:
                pgconn.send_close_prepared(name)
            for statement, values, formats in asked:
                if statement.name is not None:
                    pgconn.send_query_prepared(statement.name, values, formats, Format.BINARY)
                    sent += 1
                else:
                    sent += self._send_unprepared(statement, values, formats)
                answering.append(sent - 1)
            pgconn.pipeline_sync()
            results = self._results()
            pgconn.exit_pipeline_mode()
        except BaseException:
            pgconn.finish()
            raise
        return answering, results

    def _translated(self, text: str, values: Mapping[str, Any] | None) -> _Asked:
        query, names = (text.encode(), []) if values is None else numbered(text)
        given = self._transformer.dump_sequence([*map((values or {}).__getitem__, names)], [PyFormat.AUTO] * len(names))
        statement = self._statements.asked(query, self._transformer.types or ())
        return statement, given, self._transformer.formats

    def _send_unprepared(self, statement: Statement, values: Any, formats: Any) -> int:
        """Prepare it, where that is worth it. Answers how many results there will be."""
        pgconn = self._pgconn
        if not statement.is_worth_preparing:
            pgconn.send_query_params(statement.query, values, statement.types, formats, Format.BINARY)
            return 1
        statement.name = self._statements.new_name()
        pgconn.send_prepare(statement.name, statement.query, statement.types)
        pgconn.send_query_prepared(statement.name, values, formats, Format.BINARY)
        return 2

    def _results(self) -> list[PGresult]:
        """One for everything that was sent. Raises the driver's error when the connection is lost, or was ended."""
        pgconn = self._pgconn
        results: list[PGresult] = []
        latest: PGresult | None = None  # of what is being answered; None ends it
        while True:
            self._wait()
            try:
                pgconn.consume_input()
            except psycopg.OperationalError as loss:
                raise _failure(results) or loss from None
            while not pgconn.is_busy():
                result = pgconn.get_result()
                is_end = result is not None and result.status == ExecStatus.PIPELINE_SYNC
                if latest is not None and (result is None or is_end):
                    results.append(latest)
                elif result is None:
                    break
                if is_end:
                    return results
                latest = result

    def _wait(self) -> None:
        """Until there is something to read, and meanwhile send what the connection would not yet take."""
        while True:
            wanted = select.POLLIN | (select.POLLOUT if self._pgconn.flush() else 0)
            socket = select.poll()
            socket.register(self._pgconn.socket, wanted)
            ((_, found),) = socket.poll()
            if found & ~select.POLLOUT:
                return

    def _reply(self, statement: Statement, result: PGresult) -> Reply:
        if result.status == ExecStatus.COMMAND_OK:
            return Reply([], result.command_status)
        make_row = statement.make_row
        if make_row is None:
            make_row = _row(tuple((result.fname(i) or b"").decode() for i in range(result.nfields)))
            if statement.name is not None:
                statement.make_row = make_row
        self._transformer.set_pgresult(result)
        return Reply(self._transformer.load_rows(0, result.ntuples, make_row), result.command_status)


def _failure(results: Sequence[PGresult]) -> psycopg.Error | None:
    """The first. A server that ends a connection may say before why it does."""
    failures = (result for result in results if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK))
    first = next(failures, None)
    return None if first is None else errors.error_from_result(first)


@lru_cache(maxsize=1024)
def _row(columns: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    row: Any = namedtuple("Row", list(columns), rename=True)  # type: ignore[misc]  # known when the answer is there
    return cast("Callable[[Sequence[Any]], Any]", row._make)
