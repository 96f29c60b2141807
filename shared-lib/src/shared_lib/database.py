"""A service's own PostgreSQL database: one engine, short transactions, bounded waits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import PoolProxiedConnection

from shared_lib.errors import Unavailable
from shared_lib.patience import Limits, Patience
from shared_lib.pipeline import Pipeline, Settings
from shared_lib.statements import PIPELINE, pipeline_of
from shared_lib.tenancy import NOTHING, Reach

CONNECT_SECONDS = 2
POOL_SECONDS = 1.0
REACH = "reach"
"""The execution option of a connection without a session: whose rows its transactions see; without it nobody's."""

_STUCK = ("55P03", "57014", "25P04", "40P01")
"""lock_not_available, query_canceled, transaction_timeout and deadlock_detected (PostgreSQL, appendix A)."""

REQUEST_SECONDS = 2.5
"""The longest transaction that a request may wait for: whoever asks hears 503 within 3.5 s."""


class Database:
    """Opens transactions. Safe to share between threads; not between processes (open it after a fork).

    Once something took too long, transactions that follow closely wait a quarter second for a lock instead of two, and
    a request that queued before it began waits less (`Patience`).
    """

    def __init__(self, engine: Engine, patience: Patience) -> None:
        self.engine = engine
        self._patience = patience
        event.listen(engine, "begin", self._send_begin)
        event.listen(engine, "before_cursor_execute", _send_what_waits)

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

        `pool_size` should be at least as many as there are threads: those of requests and those of the outbox's lanes.
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
            pool_use_lifo=True,  # the connection used last knows its statements; in turn, all would have to learn them
            hide_parameters=True,  # values of people must not reach a log through an error's text
            connect_args={
                "autocommit": True,  # not really: the pipeline begins, and SQLAlchemy commits as ever
                "connect_timeout": CONNECT_SECONDS,
                "prepare_threshold": None,  # what comes again and again is asked, and prepared, by `Exchange`
                "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            },
        )
        return cls(engine, Patience(lock=lock_timeout, statement=statement_timeout, whole=transaction_timeout))

    @contextmanager
    def begin(self, reach: Reach) -> Iterator[Session]:
        """A transaction that sees what `reach` says: commits at the end of the block, rolls back on any error.

        It begins with the first statement. Raises `Unavailable` when the database is down, the pool stays empty or a
        lock or statement takes too long. After a connection lost during COMMIT it is unknown whether the transaction
        holds.
        """
        try:
            session = self._session(reach)
            pipeline = pipeline_of(session)
            try:
                yield session
                if session.is_made and session.in_transaction():
                    pipeline.send()
                    session.commit()
                if pipeline.is_open:
                    pipeline.commit()
            finally:
                session.give_back()
        except (exc.OperationalError, exc.InterfaceError, exc.InternalError) as error:
            is_stuck = getattr(error.orig, "sqlstate", None) in _STUCK
            if isinstance(error, exc.InternalError) and not is_stuck:
                raise  # a mistake of ours
            if is_stuck:
                self._patience.note_trouble()
            raise Unavailable(_reason(error.orig)) from error
        except exc.TimeoutError as error:
            self._patience.note_trouble()
            raise Unavailable("pool_exhausted") from error

    def _session(self, reach: Reach) -> "_Session":
        """Raises Unavailable, or SQLAlchemy's TimeoutError while all connections are in use."""
        try:
            pooled = self.engine.raw_connection()
        except psycopg.OperationalError as error:
            raise Unavailable(_reason(error)) from error
        return _Session(self.engine, pooled, Pipeline(self.engine, pooled, partial(self._settings, reach)))

    def _send_begin(self, connection: Connection) -> None:
        """What SQLAlchemy begins by itself: in its transaction, or on a connection that nobody gave a pipeline."""
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return
        pipeline: Pipeline | None = options.get(PIPELINE)
        if pipeline is None:
            settings = partial(self._settings, options.get(REACH, NOTHING))
            pipeline = Pipeline(self.engine, connection.connection, settings)
        pipeline.begin()

    def _settings(self, reach: Reach) -> Settings:
        """The limits are looked up here: while we waited for a connection, others may have run into trouble."""
        limits = self._patience.limits()
        return [*reach.settings.items(), *(_in_milliseconds(limits) if limits is not None else ())]

    def close(self) -> None:
        self.engine.dispose()


class _Session(Session):
    """Whose rollbacks and savepoints hold for the pipeline as well.

    SQLAlchemy's part of it is made when it is first asked for: most transactions have use for the pipeline alone.
    """

    def __init__(self, engine: Engine, pooled: PoolProxiedConnection, pipeline: Pipeline) -> None:
        self.info = {PIPELINE: pipeline}
        self._pooled = pooled
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there, which is all that SQLAlchemy would have put there."""
        if self.is_made:
            raise AttributeError(name)
        self._connection = Connection(self.__dict__.pop("_engine"), self._pooled)
        self._connection.execution_options(**{PIPELINE: pipeline_of(self)})
        super().__init__(self._connection, expire_on_commit=False)
        return getattr(self, name)

    @property
    def is_made(self) -> bool:
        """Has SQLAlchemy been asked for anything?"""
        return "_engine" not in self.__dict__

    def give_back(self) -> None:
        """End here; what was not committed is rolled back."""
        try:
            if self.is_made:
                self.close()
                self._connection.close()
        finally:
            self._pooled.close()  # to do it twice is harmless

    def rollback(self) -> None:
        super().rollback()
        pipeline_of(self).roll_back()

    def begin_nested(self) -> SessionTransaction:
        """The savepoint is set now, where SQLAlchemy would wait for a statement of its own."""
        nested = super().begin_nested()
        self.connection()
        return nested


def _send_what_waits(connection: Connection, *_: Any) -> None:
    """A statement of SQLAlchemy's follows what was given to the pipeline before it."""
    pipeline: Pipeline | None = connection.get_execution_options().get(PIPELINE)
    if pipeline is not None:
        pipeline.send()


def _in_milliseconds(limits: Limits) -> Sequence[tuple[str, str]]:
    milliseconds = [str(int(value * 1000)) for value in (limits.lock, limits.statement, limits.whole)]
    # transaction_timeout starts counting anew only when it has been off (PostgreSQL 17).
    names = ("lock_timeout", "statement_timeout", "transaction_timeout")
    return [("transaction_timeout", "0"), *zip(names, milliseconds, strict=True)]


def _reason(error: BaseException | None) -> str:
    state = getattr(error, "sqlstate", None)
    return f"database_{state}" if state else "database_unreachable"
