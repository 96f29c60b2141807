"""The web process."""

from http import HTTPStatus

from flask import Flask
from shared_lib.agenda import AgendaCollector
from shared_lib.audit import AuditLog
from shared_lib.clock import Clock, utc_now
from shared_lib.daily_commands import LastSuccessCollector
from shared_lib.database.engine import REQUEST_SECONDS, Database
from shared_lib.outbox.metrics import OutboxCollector
from shared_lib.web.app import build_app, close_with
from shared_lib.web.audit import audit_blueprint
from shared_lib.web.auth import Authenticator
from shared_lib.web.health import usual_checks

from orchestrator_service.api import mentors, pauses, routes, settings
from orchestrator_service.config import Config
from orchestrator_service.domain import errors
from orchestrator_service.domain.access import GLOBAL_ADMIN, ORG_ADMIN
from orchestrator_service.domain.ports import Notifier
from orchestrator_service.store.audit import SUBJECT
from orchestrator_service.usecases.certifications import Certifications
from orchestrator_service.usecases.changed_contacts import ChangedContacts
from orchestrator_service.usecases.coordinators import Coordinators
from orchestrator_service.usecases.mentors import Mentors
from orchestrator_service.usecases.pause_events import PauseEvents
from orchestrator_service.usecases.pauses import Pauses
from orchestrator_service.usecases.settings import OrganisationsSettings

from . import DAILY, MIGRATIONS
from .relay import create_dispatcher, create_notifier

ERROR_TABLE: dict[type[Exception], HTTPStatus] = {
    errors.RoleMissing: HTTPStatus.FORBIDDEN,
    errors.NoOrganisation: HTTPStatus.FORBIDDEN,
    errors.EventNotFound: HTTPStatus.NOT_FOUND,
    errors.MentorNotFound: HTTPStatus.NOT_FOUND,
    errors.OrganisationNotFound: HTTPStatus.NOT_FOUND,
    errors.CertificationNotFound: HTTPStatus.NOT_FOUND,
    errors.NoCoordinator: HTTPStatus.NOT_FOUND,
    errors.SameEventExists: HTTPStatus.CONFLICT,
    errors.TooSoon: HTTPStatus.CONFLICT,
    errors.PauseEnded: HTTPStatus.CONFLICT,
    errors.NoReturnDate: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.StaleVersion: HTTPStatus.PRECONDITION_FAILED,
    errors.ExpiryUnknown: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ExpiryTooFar: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Which error of the domain is answered with which status."""


def create_app(config: Config, *, notifier: Notifier | None = None, clock: Clock = utc_now) -> Flask:
    """A web application that is ready to be served; connects to nothing yet."""
    database = Database.open(config.database_url, pool_size=config.pool_size, transaction_timeout=REQUEST_SECONDS)
    dispatcher = create_dispatcher(config, database, notifier or create_notifier(config, clock=clock), clock=clock)
    cipher = config.cipher()
    app = build_api(config, database, clock=clock)
    app.extensions["audit_log"] = AuditLog(database=database, subject=SUBJECT)
    app.extensions["pause_events"] = PauseEvents(database=database, dispatcher=dispatcher, cipher=cipher, clock=clock)
    app.extensions["pauses"] = Pauses(pause_events=app.extensions["pause_events"])
    app.extensions["coordinators"] = Coordinators(database=database, clock=clock)
    changed_contacts = ChangedContacts(database=database, dispatcher=dispatcher, clock=clock)
    app.extensions["organisations_settings"] = OrganisationsSettings(
        database=database, changed_contacts=changed_contacts, clock=clock
    )
    app.extensions["mentors"] = Mentors(database=database, clock=clock)
    app.extensions["certifications"] = Certifications(database=database, changed_contacts=changed_contacts, clock=clock)
    app.extensions["fingerprint_secret"] = cipher.fingerprint_secret
    close_with(app, database.close)
    close_with(app, dispatcher.close)
    return app


def build_api(config: Config, database: Database, *, clock: Clock = utc_now) -> Flask:
    """The HTTP side alone, which is all that its description needs."""
    authenticator = Authenticator.of(config.identity, limits=config.rate_limits, clock=utc_now)  # as its issuer
    return build_app(
        __name__,
        title="Pause Notification Orchestrator",
        base_path=routes.BASE_PATH,
        blueprints=[
            routes.blp,
            settings.blp,
            mentors.blp,
            pauses.blp,
            audit_blueprint("/api/v1/audit", own=ORG_ADMIN, everything=GLOBAL_ADMIN),
        ],
        error_table=ERROR_TABLE,
        authenticator=authenticator,
        checks=usual_checks(database, MIGRATIONS, authenticator),
        collectors=[
            OutboxCollector(database, clock),
            AgendaCollector(database, clock),
            LastSuccessCollector(database, DAILY),
        ],
    )
