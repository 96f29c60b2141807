"""The web process."""

from functools import partial
from http import HTTPStatus
from pathlib import Path

from flask import Flask
from shared_lib.agenda import AgendaCollector
from shared_lib.audit import AuditLog
from shared_lib.clock import Clock, utc_now
from shared_lib.daily_commands import LastSuccessCollector
from shared_lib.database.engine import REQUEST_SECONDS, Database
from shared_lib.observability.metrics import GaugeCollector
from shared_lib.outbox.metrics import OutboxCollector
from shared_lib.web.app import build_app, close_with
from shared_lib.web.audit import audit_blueprint
from shared_lib.web.auth import Authenticator
from shared_lib.web.health import usual_checks

from notification_service.api import internal, routes
from notification_service.config import Config
from notification_service.domain.access import MentorNotFound, NotEntitled, TooManyNotices
from notification_service.domain.model import DispatchNotFound
from notification_service.store.audit import SUBJECT
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.chasing import count_nobody_to_tell
from notification_service.usecases.lapses import LapseNews
from notification_service.usecases.person_data import Contacts, PersonData, PersonDataWithDownstream
from notification_service.usecases.withdrawals import Withdrawals

from . import MIGRATIONS
from .relay import Ports, create_dispatcher, create_ports, create_recorder

PERSON_SECONDS = 20.0
"""The limit of a statement about one person's data, which looks into every table. The client is a command that waits
for longer; one such request at a time has a connection of its own."""

ERROR_TABLE: dict[type[Exception], HTTPStatus] = {
    MentorNotFound: HTTPStatus.NOT_FOUND,
    DispatchNotFound: HTTPStatus.NOT_FOUND,
    NotEntitled: HTTPStatus.FORBIDDEN,
    TooManyNotices: HTTPStatus.TOO_MANY_REQUESTS,
}
"""Which error of the domain is answered with which status."""


def create_app(config: Config, *, ports: Ports | None = None, clock: Clock = utc_now) -> Flask:
    """A web application that is ready to be served; connects to nothing yet."""
    database = Database.open(config.database_url, pool_size=config.pool_size, transaction_timeout=REQUEST_SECONDS)
    ports = ports or create_ports(config, clock=clock)
    dispatcher = create_dispatcher(config, database, ports, clock=clock)
    recorder = create_recorder(config)
    app = build_api(config, database, clock=clock)
    app.extensions["address_secret"] = Path(config.service_key).read_bytes()
    app.extensions["audit_log"] = AuditLog(database=database, subject=SUBJECT)
    app.extensions["announcements"] = Announcements(
        database=database,
        dispatcher=dispatcher,
        clock=clock,
        recorder=recorder,
        on_recorded=routes.count_messages,
        anonymous_limit=config.anonymous_notice_limit,
    )
    app.extensions["withdrawals"] = Withdrawals(database=database, dispatcher=dispatcher, clock=clock)
    lapse_news = LapseNews(database=database, dispatcher=dispatcher, recorder=recorder, clock=clock)
    app.extensions["contacts"] = Contacts(database=database, lapse_news=lapse_news)
    app.extensions["lapse_news"] = lapse_news
    slow_database = Database.open(config.database_url, pool_size=1, statement_timeout=PERSON_SECONDS)
    app.extensions["person_data"] = PersonDataWithDownstream(
        own=PersonData(database=slow_database, clock=clock), acknowledgements=ports.acknowledgements
    )
    close_with(app, database.close)
    close_with(app, slow_database.close)
    close_with(app, dispatcher.close)
    return app


def build_api(config: Config, database: Database, *, clock: Clock = utc_now) -> Flask:
    """The HTTP side alone, which is all that its description needs."""
    authenticator = Authenticator.of(
        config.identity, limits=config.rate_limits, clock=clock, allow_anonymous=config.allow_anonymous
    )
    return build_app(
        __name__,
        title="Pause Notification Service",
        base_path=routes.BASE_PATH,
        blueprints=[
            routes.blp,
            audit_blueprint("/api/v1/audit", own="org_admin", everything="global_admin", name="notification"),
            internal.blp,
        ],
        error_table=ERROR_TABLE,
        authenticator=authenticator,
        checks=usual_checks(database, MIGRATIONS, authenticator),
        collectors=[
            OutboxCollector(database, clock),
            AgendaCollector(database, clock),
            GaugeCollector(
                "lapses_nobody_to_tell",
                "Open lapses that nobody could be reminded of",
                partial(count_nobody_to_tell, database, clock),
            ),
            LastSuccessCollector(database, ["retention run"]),
        ],
    )
