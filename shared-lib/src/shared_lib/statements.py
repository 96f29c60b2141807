"""Statements of the hot paths, sent as they are written.

SQLAlchemy builds, looks up and wraps every statement anew, which costs several times what the database does for a
short one (measured: 0.5 ms for a mapped row, 0.13 ms for `text()`, 0.06 ms like this). What is asked ten times per
request is therefore asked like this; everything else stays with the mapped tables.

Values are named `%(name)s`. What comes again is prepared (`shared_lib.prepared`). Errors are those that SQLAlchemy
raises for the same mistake (`Database.begin` tells them apart). What waits in the session is not flushed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from shared_lib.pipeline import Answer, Pipeline
from shared_lib.tenancy import Reach

PIPELINE = "pipeline"
"""Where `Database.begin` leaves the transaction's pipeline: in `Session.info`."""


def send(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> Answer:
    """Have a statement done in the session's transaction, in its turn: with the next that is asked, or the end.

    An error of it is raised there, too (who wants to catch it at a savepoint asks). Its answer can be read later, after
    the transaction as well.
    """
    answer: Answer = session.info[PIPELINE].add(statement, values)
    return answer


def ask(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> list[Any]:
    """All rows of a statement in the session's transaction, as named tuples; [] for one that answers none."""
    return send(session, statement, values).rows


def ask_one(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> Any:
    """The only row, or None."""
    return send(session, statement, values).row


def plan_by_values(session: Session) -> None:
    """Have what follows in this transaction planned for its values, every time.

    PostgreSQL may keep one plan for whatever values, once a statement has come five times. Such a plan is made for
    tenants and filters of middling size, and walks over everybody else's rows to find those of a small one (measured:
    9,500 pages instead of 4).
    """
    send(session, "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")


def widen(session: Session, reach: Reach) -> None:
    """What follows in this transaction sees what `reach` says as well."""
    for name, value in reach.settings.items():
        send(session, "SELECT set_config(%(name)s, %(value)s, true)", {"name": name, "value": value})


@contextmanager
def driver_of(session: Session) -> "Iterator[psycopg.Connection[Any]]":
    """The driver's own connection, in the session's transaction and after all that was sent, for COPY."""
    pipeline = pipeline_of(session)
    pipeline.begin()
    pipeline.send()
    with pipeline.driver() as driver:
        yield driver


def pipeline_of(session: Session) -> Pipeline:
    found: Pipeline = session.info[PIPELINE]
    return found
