"""The probes of a service: `/livez`, `/readyz` and `/metrics`. None of them asks another service."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog
from flask import Blueprint, Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from shared_lib.database.engine import Database
from shared_lib.database.schema_revision import does_database_serve, revision_of_code
from shared_lib.errors import Unavailable
from shared_lib.gunicorn import shutting_down
from shared_lib.observability.metrics import registry_of_process

from .auth import Authenticator

log = structlog.get_logger(__name__)

PATHS = ("/livez", "/readyz", "/metrics")
Check = Callable[[], bool]
"""Returns whether one condition of readiness holds. Unavailable counts as no."""


def install(app: Flask, checks: Mapping[str, Check], collectors: Iterable[Collector] = ()) -> None:
    """Answer the probes. `/readyz` answers 503 and names the checks that fail; `/metrics` includes the collectors."""
    probes = Blueprint("health", __name__)
    registry = registry_of_process()
    for collector in collectors:
        registry.register(collector)

    @probes.get("/livez")
    def livez() -> Response:
        return jsonify(status="alive")

    @probes.get("/readyz")
    def readyz() -> tuple[Response, int]:
        results = {name: "ok" if _holds(check) else "failing" for name, check in checks.items()}
        ready = "failing" not in results.values() and not shutting_down.is_set()
        return jsonify(status="ready" if ready else "not ready", checks=results), 200 if ready else 503

    @probes.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    app.register_blueprint(probes)


def usual_checks(database: Database, migrations: Path, authenticator: Authenticator) -> dict[str, Check]:
    """The checks of every service: its database can be written and has the right schema; it has keys of tokens.

    Relays have probes of their own: without them requests are served, and their messages wait.
    """
    newest = revision_of_code(migrations)
    return {
        "database": database.is_writable,
        "schema": lambda: does_database_serve(database, newest),
        "keys": authenticator.people.keys.is_loaded,
    }


def _holds(check: Check) -> bool:
    try:
        return check()
    except Unavailable as error:
        log.warning("health.check_failed", reason=error.reason)
        return False
