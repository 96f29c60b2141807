"""SQL text in a session's transaction, for stores that still speak it. Goes with the last of them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from shared_lib.database.row_level_security import TenantScope
from shared_lib.pipeline import Answer


def send(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> Answer:
    result = session.connection().exec_driver_sql(statement, dict(values) if values is not None else None)
    return Answer(list(result.all()) if result.returns_rows else [])


def ask(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> list[Any]:
    return send(session, statement, values).rows


def ask_one(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> Any:
    return send(session, statement, values).row


def plan_by_values(session: Session) -> None:
    send(session, "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")


def widen(session: Session, reach: TenantScope) -> None:
    for name, value in reach.settings.items():
        send(session, "SELECT set_config(%(name)s, %(value)s, true)", {"name": name, "value": value})
