"""Is the process alive, and is it ready: never a question about another service."""

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy import text

from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import NO_TENANT
from shared_lib.database.schema_revision import does_database_serve, revision_of_code
from shared_lib.errors import Unavailable
from shared_lib.gunicorn import shutting_down

from .auth import Authenticator

log = structlog.get_logger(__name__)

Check = Callable[[], bool]


def install(app: Flask, checks: Mapping[str, Check]) -> None:
    """`/livez` and `/readyz`; the latter answers 503 and names the checks that fail."""
    health = Blueprint("health", __name__)

    @health.get("/livez")
    def livez() -> Response:
        return jsonify(status="alive")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        results = {name: "ok" if _holds(check) else "failing" for name, check in checks.items()}
        ready = "failing" not in results.values() and not shutting_down.is_set()
        return jsonify(status="ready" if ready else "not ready", checks=results), 200 if ready else 503

    app.register_blueprint(health)


def usual_checks(database: Database, migrations: Path, authenticator: Authenticator) -> dict[str, Check]:
    """The checks of every service: its database answers, has the right schema, and keys to verify tokens are loaded."""
    newest = revision_of_code(migrations)
    return {
        "database": lambda: _answers(database),
        "schema": lambda: does_database_serve(database, newest),
        "keys": authenticator.people.keys.is_loaded,
    }


def _answers(database: Database) -> bool:
    with database.begin(NO_TENANT) as session:
        return session.scalar(text("SELECT true")) is True


def _holds(check: Check) -> bool:
    try:
        return check()
    except Unavailable as error:
        log.warning("health.check_failed", reason=error.reason)
        return False
