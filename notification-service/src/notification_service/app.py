"""The composition root: what this service is made of."""

from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from shared_lib.clock import Clock, utc_now
from shared_lib.config import BadSetting
from shared_lib.database import Database
from shared_lib.http_client import ServiceClient
from shared_lib.keys import KeySet
from shared_lib.migrate import current_revision, newest_revision
from shared_lib.outbox import Relay, RetryPolicy, is_relay_running
from shared_lib.outbox.metrics import OutboxCollector
from shared_lib.tokens import ClaimNames, ServiceSigner, TokenVerifier
from shared_lib.web import api
from shared_lib.web.auth import Door
from sqlalchemy import text

from .api import internal, routes
from .api.errors import ERROR_TABLE
from .clients.acknowledgements import HttpAcknowledgements
from .clients.mail.mailer import SmtpMailer
from .clients.mail.sender import Sender
from .clients.push import HttpPusher
from .config import Config
from .domain.ports import Acknowledgements, Mailer, Pusher
from .usecases.announcements import Announcements
from .usecases.contacts import Contacts
from .usecases.envelopes import Envelopes
from .usecases.lapses import Lapses
from .usecases.letters import Letters
from .usecases.mailing import Mailing
from .usecases.pushing import Pushing
from .usecases.recording import Recorder
from .usecases.withdrawals import Withdrawals
from .worker import LANES
from .worker import routes as worker_routes

NAME = "notification-service"
MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Everybody we speak to, as our ports."""

    mailer: Mailer
    pusher: Pusher
    acknowledgements: Acknowledgements


def outside(config: Config, *, clock: Clock = utc_now) -> Outside:
    """The real ones. Reads our private key; connects to nobody yet."""
    try:
        signer = ServiceSigner.from_file(config.service_key, issuer=config.issuer, name=NAME, clock=clock)
    except (OSError, ValueError) as error:
        raise BadSetting("SERVICE_KEY must be the path of our private key, PEM without a password.") from error
    neighbour = ServiceClient(config.acknowledgement_url, audience=config.acknowledgement_audience, sign=signer.token)
    return Outside(
        mailer=SmtpMailer(server=config.smtp, sender=Sender(address=config.mail_from, name=config.mail_name)),
        pusher=HttpPusher(client=ServiceClient(config.push_url or "")),
        acknowledgements=HttpAcknowledgements(client=neighbour),
    )


def create_relay(config: Config, database: Database, others: Outside, *, clock: Clock = utc_now) -> Relay:
    """Knows how to keep every kind of promise; web and relay processes have one each."""
    retry = RetryPolicy(scale=config.retry_scale)
    relay = Relay(database, lanes=LANES, clock=clock, retry=retry)
    envelopes = Envelopes(database=database, letters=Letters(portal_url=config.portal_url))
    relay.serve(
        worker_routes(
            mailing=Mailing(envelopes=envelopes, mailer=others.mailer, clock=clock),
            pushing=Pushing(envelopes=envelopes, pusher=others.pusher, clock=clock),
            lapses=Lapses(database=database, acknowledgements=others.acknowledgements, clock=clock),
        )
    )
    return relay


def create_app(config: Config, *, others: Outside | None = None, clock: Clock = utc_now) -> Flask:
    """A web application that is ready to be served; connects to nothing yet."""
    database = Database.open(config.database_url, pool_size=config.pool_size)
    relay = create_relay(config, database, others or outside(config, clock=clock), clock=clock)
    recorder = Recorder(
        letters=Letters(portal_url=config.portal_url),
        push_configured=config.push_url is not None,
        scale=config.retry_scale,
    )
    app = build_api(config, database, clock=clock)
    app.extensions["announcements"] = Announcements(database=database, relay=relay, clock=clock, recorder=recorder)
    app.extensions["withdrawals"] = Withdrawals(database=database, relay=relay, clock=clock)
    app.extensions["contacts"] = Contacts(database=database)
    api.closing(app, database.close)
    api.closing(app, relay.close)
    return app


def build_api(config: Config, database: Database, *, clock: Clock = utc_now) -> Flask:
    """The HTTP side alone, which is all that its description needs."""
    door = open_door(config, clock=clock)
    newest = newest_revision(MIGRATIONS)
    return api.build(
        __name__,
        title="Pause Notification Service",
        base_path=routes.BASE_PATH,
        blueprints=[routes.blp, internal.blp],
        error_table=ERROR_TABLE,
        door=door,
        checks={
            "database": lambda: _answers(database),
            "schema": lambda: current_revision(database) == newest,
            "keys": door.people.keys.is_loaded,
            "relay": lambda: is_relay_running(database, clock),
        },
        collectors=[OutboxCollector(database, clock)],
    )


def open_door(config: Config, *, clock: Clock) -> Door:
    """Whom we let in: people by their issuer's keys, neighbours by the services' keys."""
    claims = ClaimNames(role=config.role_claim, organisation=config.organisation_claim)
    people = TokenVerifier(
        keys=KeySet(config.jwks), issuer=config.issuer, audience=config.audience, clock=clock, claims=claims
    )
    services = TokenVerifier(
        keys=KeySet(config.service_jwks),
        issuer=config.issuer,
        audience=config.audience,
        clock=clock,
        longest=60,
        for_services=True,
    )
    return Door(people=people, services=services, is_open=config.is_open)


def _answers(database: Database) -> bool:
    with database.begin() as session:
        return session.scalar(text("SELECT true")) is True
