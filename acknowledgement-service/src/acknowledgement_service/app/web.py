"""The web process."""

from flask import Flask
from shared_lib.audit import AuditLog
from shared_lib.clock import Clock, utc_now
from shared_lib.database.engine import REQUEST_SECONDS, Database
from shared_lib.privacy.encryption import FieldCipher
from shared_lib.web.app import build_app, close_with
from shared_lib.web.audit import audit_blueprint
from shared_lib.web.auth import Authenticator
from shared_lib.web.health import usual_checks

from acknowledgement_service.api import internal, metrics, routes
from acknowledgement_service.api.errors import ERROR_TABLE
from acknowledgement_service.config import Config
from acknowledgement_service.domain.visitor import GLOBAL_ADMIN, ORG_ADMIN
from acknowledgement_service.store.audit import SUBJECT
from acknowledgement_service.usecases.lapses import Lapses
from acknowledgement_service.usecases.person_data import PersonData

from . import MIGRATIONS

PERSON_SECONDS = 20.0
"""For each statement about one person's data: it looks into every table, and he may have been there for years. Whoever
asks is a command that waits for longer; one such request at a time has a connection of its own for it."""


def create_app(config: Config, *, clock: Clock = utc_now) -> Flask:
    """A web application that is ready to be served; connects to nothing yet."""
    database = Database.open(config.database_url, pool_size=config.pool_size, transaction_timeout=REQUEST_SECONDS)
    cipher = FieldCipher.from_file(config.note_encryption_keys, setting="NOTE_ENCRYPTION_KEYS")
    app = build_api(
        config, Lapses(database=database, cipher=cipher, clock=clock, on_acknowledged=metrics.observe), clock=clock
    )
    patient = Database.open(config.database_url, pool_size=1, statement_timeout=PERSON_SECONDS)
    app.extensions["person_data"] = PersonData(database=patient, cipher=cipher, clock=clock)
    app.extensions["audit_log"] = AuditLog(database=database, subject=SUBJECT)
    app.extensions["fingerprint_secret"] = cipher.fingerprint_secret
    close_with(app, database.close)
    close_with(app, patient.close)
    return app


def build_api(config: Config, lapses: Lapses, *, clock: Clock = utc_now) -> Flask:
    """The HTTP side alone, which is all that its description needs."""
    authenticator = Authenticator.of(
        config.identity, limits=config.rate_limits, clock=clock, allow_anonymous=config.allow_anonymous
    )
    app = build_app(
        __name__,
        title="Coordinator Acknowledgement Service",
        base_path=routes.BASE_PATH,
        blueprints=[
            routes.blp,
            audit_blueprint("/api/v1/audit", own=ORG_ADMIN, everything=GLOBAL_ADMIN, name="acknowledgement"),
            internal.blp,
        ],
        error_table=ERROR_TABLE,
        authenticator=authenticator,
        checks=usual_checks(lapses.database, MIGRATIONS, authenticator),
        collectors=[metrics.OpenLapsesCollector(lapses.open_by_age)],
    )
    app.extensions["lapses"] = lapses
    return app
