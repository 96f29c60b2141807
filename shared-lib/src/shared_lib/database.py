"""A service's own PostgreSQL database: one engine, short transactions, bounded waits."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, exc, make_url, text
from sqlalchemy.orm import Session

from shared_lib.errors import Unavailable
from shared_lib.patience import Limits, Patience

CONNECT_SECONDS = 2
POOL_SECONDS = 1.0
# transaction_timeout starts counting anew only when it has been off (PostgreSQL 17).
_LIMIT = text(
    "SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true),"
    " set_config('transaction_timeout', '0', true), set_config('transaction_timeout', :whole, true)"
)
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
            hide_parameters=True,  # values of people must not reach a log through an error's text
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            },
        )
        return cls(engine, Patience(lock=lock_timeout, statement=statement_timeout, whole=transaction_timeout))

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction: commits at the end of the block, rolls back on any error.

        Raises `Unavailable` when the database is down, the pool stays empty or a lock or statement takes too long.
        After a connection lost during COMMIT it is unknown whether the transaction holds.
        """
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                session.connection()  # while we waited for one, others may have run into trouble
                if (limits := self._patience.limits()) is not None:
                    session.execute(_LIMIT, _in_milliseconds(limits))
                yield session
        except (exc.OperationalError, exc.InterfaceError, exc.InternalError) as error:
            is_stuck = getattr(error.orig, "sqlstate", None) in _STUCK
            if isinstance(error, exc.InternalError) and not is_stuck:
                raise  # a mistake of ours
            if is_stuck:
                self._patience.note_trouble()
            raise Unavailable(_reason(error)) from error
        except exc.TimeoutError as error:
            self._patience.note_trouble()
            raise Unavailable("pool_exhausted") from error

    def close(self) -> None:
        self.engine.dispose()


def _in_milliseconds(limits: Limits) -> dict[str, str]:
    seconds = {"lock": limits.lock, "statement": limits.statement, "whole": limits.whole}
    return {name: str(int(value * 1000)) for name, value in seconds.items()}


def _reason(error: exc.DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None)
    return f"database_{state}" if state else "database_unreachable"
