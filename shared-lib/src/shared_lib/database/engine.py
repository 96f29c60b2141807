"""A service's own PostgreSQL database: one pool of connections, short transactions, bounded waits."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, exc, make_url, text
from sqlalchemy.orm import Session

from shared_lib.errors import Unavailable

from .adaptive_timeouts import AdaptiveTimeouts, Timeouts
from .row_level_security import NO_TENANT, TenantScope
from .trouble import Trouble, trouble_of, unavailable

CONNECT_SECONDS = 2
POOL_SECONDS = 1.0
TENANT_SCOPE = "tenant_scope"
"""The execution option with the `TenantScope` of a connection's transactions; without it they see no tenant's rows."""

TURN = "turn"
"""The execution option with the `Turn` of a connection's transactions."""

REQUEST_SECONDS = 2.5
"""The transaction timeout of requests: a client is answered 503 within 3.5 s."""


class Turn(NamedTuple):
    """An advisory lock that a transaction holds from its beginning to its end: what it is about, and of which object.

    The transaction sees everything that was committed by others in the same turn.
    """

    subject: int
    object_id: str


class Database:
    """Opens transactions. Safe to share between threads; not between processes (open it after a fork).

    After a time-out the transactions that follow closely wait a quarter second for a lock instead of two, and
    a request that has queued waits less (`AdaptiveTimeouts`).
    """

    def __init__(self, engine: Engine, timeouts: AdaptiveTimeouts) -> None:
        self.engine = engine
        self._timeouts = timeouts
        event.listen(engine, "begin", self._begin_transaction)
        event.listen(engine, "handle_error", _throw_connections_away)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        pool_size: int = 8,
        statement_timeout: float = 5.0,
        lock_timeout: float = 2.0,
        transaction_timeout: float = 0.0,
    ) -> "Database":
        """Prepare the pool; nothing is connected before the first transaction. Timeouts are in seconds.

        `pool_size` should be at least the number of threads that use it: those of requests and those of the outbox.
        `lock_timeout` counts for every lock anew; `transaction_timeout` (0: none; PostgreSQL 17) bounds them all.
        """
        settings = {
            "statement_timeout": int(statement_timeout * 1000),
            "lock_timeout": int(lock_timeout * 1000),
            "transaction_timeout": int(transaction_timeout * 1000),
            "idle_in_transaction_session_timeout": int(statement_timeout * 3000),
            "timezone": "UTC",
        }
        engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            pool_use_lifo=True,
            hide_parameters=True,  # personal data must not reach a log in the text of an error
            connect_args={
                "autocommit": True,  # `_begin_transaction` sends BEGIN together with the transaction's settings
                "connect_timeout": CONNECT_SECONDS,
                "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            },
        )
        return cls(engine, AdaptiveTimeouts(lock=lock_timeout, statement=statement_timeout, whole=transaction_timeout))

    @contextmanager
    def begin(self, scope: TenantScope, *, turn: Turn | None = None) -> Iterator[Session]:
        """A transaction that sees the rows of `scope`: commits at the end of the block, rolls back on any error.

        It begins with the first statement, and with a `turn` once the other transactions in the same turn have ended.
        Raises `Unavailable` for trouble of the server (`trouble.TROUBLE`) and when the pool stays empty.
        After a connection lost during COMMIT it is unknown whether the transaction was committed.
        """
        try:
            options = {TENANT_SCOPE: scope, TURN: turn}
            with Session(self.engine, expire_on_commit=False, execution_options=options) as session:
                yield session
                session.commit()
        except exc.DBAPIError as error:
            trouble = trouble_of(error.orig)
            if trouble is None:
                raise
            if trouble is Trouble.STUCK:
                self._timeouts.record_trouble()
            raise unavailable(error.orig) from error
        except exc.TimeoutError as error:
            self._timeouts.record_trouble()
            raise Unavailable("pool_exhausted") from error

    def listen(self, channel: str, *, timeout: float) -> Iterator[bool]:
        """LISTEN on a connection of its own: True at first and after each notice, False after `timeout` quiet seconds.

        Raises Unavailable when the connection cannot be made or is lost.
        """
        url = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                yield True
                while True:
                    yield any(True for _ in connection.notifies(timeout=timeout, stop_after=1))
        except psycopg.Error as error:
            raise unavailable(error) from error

    def is_writable(self) -> bool:
        """Whether a transaction may write now. Raises Unavailable."""
        with self.begin(NO_TENANT) as session:
            is_writable = str(session.scalar(text("SHOW transaction_read_only"))) == "off"
            if not is_writable:
                session.invalidate()  # a connection keeps the setting of its beginning
        return is_writable

    def close(self) -> None:
        self.engine.dispose()

    def _begin_transaction(self, connection: Connection) -> None:
        """Begin, set the tenant scope of this transaction, and shorter time-outs while the database is in trouble, and
        take its turn.

        All in one round trip, the lock last: its time-out is set by then. The limits are read here because other
        threads may have met trouble while this one waited for a connection.
        """
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return  # a migration's statements that must not be in a transaction
        scope: TenantScope = options.get(TENANT_SCOPE, NO_TENANT)
        limits = self._timeouts.limits()
        settings = [*scope.settings.items(), *(_in_milliseconds(limits) if limits is not None else ())]
        statement = _begin_with(tuple(settings)) + _take(options.get(TURN))
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _throw_connections_away(context: ExceptionContext) -> None:
    """SQLAlchemy replaces this connection, and the others of the pool when they are wanted."""
    if trouble_of(context.original_exception) is Trouble.LOST:
        context.is_disconnect = True


@lru_cache(maxsize=1024)
def _begin_with(settings: tuple[tuple[str, str], ...]) -> str:
    """SQL that begins a transaction with these settings, which end with it."""
    if not settings:
        return "BEGIN"
    calls = (sql.SQL("set_config({}, {}, true)").format(name, value) for name, value in settings)
    return sql.SQL("BEGIN; SELECT {}").format(sql.SQL(", ").join(calls)).as_string()


def _take(turn: Turn | None) -> str:
    if turn is None:
        return ""
    return sql.SQL("; SELECT pg_advisory_xact_lock({}, hashtext({}))").format(*turn).as_string()


def copy_rows(session: Session, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Stream `rows` into a table with PostgreSQL's COPY, in the session's transaction. `statement` is a constant."""
    driver = session.connection().connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("COPY needs psycopg")
    try:
        with driver.cursor() as cursor, cursor.copy(statement.encode()) as stream:
            for row in rows:
                stream.write_row(row)
    except psycopg.Error as error:
        raise exc.DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


def _in_milliseconds(limits: Timeouts) -> Sequence[tuple[str, str]]:
    milliseconds = [str(int(value * 1000)) for value in (limits.lock, limits.statement, limits.whole)]
    # transaction_timeout starts counting anew only when it has been off (PostgreSQL 17).
    names = ("lock_timeout", "statement_timeout", "transaction_timeout")
    return [("transaction_timeout", "0"), *zip(names, milliseconds, strict=True)]
