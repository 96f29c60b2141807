"""The composition root: the parts that the web process is made of."""

from flask import Flask
from shared_lib.audit import AuditLog
from shared_lib.clock import Clock, utc_now
from shared_lib.daily_commands import LastSuccessCollector
from shared_lib.database.engine import REQUEST_SECONDS, Database
from shared_lib.web.app import build_app, close_with
from shared_lib.web.audit import audit_blueprint
from shared_lib.web.auth import Authenticator
from shared_lib.web.health import usual_checks

from . import MIGRATIONS
from .api import internal, metrics, routes
from .config import Config
from .domain.access import GLOBAL_ADMIN, ORG_ADMIN
from .store.audit import SUBJECT
from .usecases.lapses import Lapses
from .usecases.news import News
from .usecases.person_data import PersonData

PERSON_DATA_TIMEOUT = 20.0
"""Seconds for each statement about one person's data, which reads every table. A command sends these requests and waits
longer than that; they have a database connection of their own, one at a time."""


def create_app(config: Config, *, clock: Clock = utc_now) -> Flask:
    """The web application; it connects to the database with the first request."""
    database = Database.open(config.database_url, pool_size=config.pool_size, transaction_timeout=REQUEST_SECONDS)
    cipher = config.cipher()
    app = build_api(
        config, Lapses(database=database, cipher=cipher, clock=clock, on_acknowledged=metrics.observe), clock=clock
    )
    slow_database = Database.open(config.database_url, pool_size=1, statement_timeout=PERSON_DATA_TIMEOUT)
    app.extensions["person_data"] = PersonData(database=slow_database, cipher=cipher, clock=clock)
    app.extensions["audit_log"] = AuditLog(database=database, subject=SUBJECT)
    app.extensions["fingerprint_secret"] = cipher.fingerprint_secret
    close_with(app, database.close)
    close_with(app, slow_database.close)
    return app


def build_api(config: Config, lapses: Lapses, *, clock: Clock = utc_now) -> Flask:
    """The routes without person data and audit log: enough to print the OpenAPI document."""
    authenticator = Authenticator.of(
        config.identity, limits=config.rate_limits, clock=clock, allow_anonymous=config.allow_anonymous
    )
    app = build_app(
        __name__,
        title="Coordinator Acknowledgement Service",
        base_path=routes.BASE_PATH,
        blueprints=[
            routes.blp,
            audit_blueprint(
                "/api/v1/audit",
                own=ORG_ADMIN,
                everything=GLOBAL_ADMIN,
                name="acknowledgement",
                details={"coordinator": "coordinator_id"},
            ),
            internal.blp,
        ],
        error_table=routes.ERROR_TABLE,
        authenticator=authenticator,
        checks=usual_checks(lapses.database, MIGRATIONS, authenticator),
        collectors=[
            metrics.OpenLapsesCollector(lapses.open_by_age),
            LastSuccessCollector(lapses.database, ["retention run"]),
        ],
    )
    app.extensions["lapses"] = lapses
    app.extensions["news"] = News(database=lapses.database, cipher=lapses.cipher, clock=lapses.clock)
    return app
