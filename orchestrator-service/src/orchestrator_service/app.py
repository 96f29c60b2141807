"""The composition root: what this service is made of."""

from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from shared_lib.clock import Clock, utc_now
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

from . import worker
from .api import routes
from .api.errors import ERROR_TABLE
from .clients.notification import HttpNotifier
from .config import Config
from .domain.ports import Notifier, Progress
from .store.vault import ReasonVault
from .usecases.announcing import Announcing
from .usecases.contact_news import ContactNews
from .usecases.coordinators import Coordinators
from .usecases.directory_import import DirectoryImport
from .usecases.recording import Recording
from .usecases.records import Records

NAME = "orchestrator-service"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_notifier(config: Config, *, clock: Clock = utc_now) -> Notifier:
    """The notification service. Reads our private key; connects to nobody yet."""
    signer = ServiceSigner.from_file(config.service_key, issuer=config.issuer, name=NAME, clock=clock)
    client = ServiceClient(config.notification_url, audience=config.notification_audience, sign=signer.token)
    return HttpNotifier(client=client)


def create_relay(
    config: Config,
    database: Database,
    notifier: Notifier,
    *,
    lanes: Mapping[str, int] = worker.LANES,
    clock: Clock = utc_now,
) -> Relay:
    """Knows how to keep every kind of promise; web and relay processes have one each."""
    relay = Relay(database, lanes=lanes, clock=clock, retry=RetryPolicy(scale=config.retry_scale))
    announcing = Announcing(database=database, notifier=notifier, clock=clock, scale=config.retry_scale)
    relay.serve(worker.routes(announcing, ContactNews(database=database, notifier=notifier)))
    return relay


def create_app(config: Config, *, notifier: Notifier | None = None, clock: Clock = utc_now) -> Flask:
    """A web application that is ready to be served; connects to nothing yet."""
    database = Database.open(config.database_url, pool_size=config.pool_size)
    relay = create_relay(config, database, notifier or create_notifier(config, clock=clock), clock=clock)
    vault = ReasonVault.from_file(config.reason_keys)
    app = build_api(config, database, clock=clock)
    app.extensions["recording"] = Recording(database=database, relay=relay, vault=vault, clock=clock)
    app.extensions["records"] = Records(database=database, relay=relay, vault=vault, clock=clock)
    app.extensions["coordinators"] = Coordinators(database=database)
    app.extensions["fingerprint_secret"] = vault.fingerprint_secret
    api.closing(app, database.close)
    api.closing(app, relay.close)
    return app


def build_api(config: Config, database: Database, *, clock: Clock = utc_now) -> Flask:
    """The HTTP side alone, which is all that its description needs."""
    door = open_door(config, clock=clock)
    newest = newest_revision(MIGRATIONS)
    return api.build(
        __name__,
        title="Pause Notification Orchestrator",
        base_path=routes.BASE_PATH,
        blueprints=[routes.blp],
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


def create_import(config: Config, *, progress: Progress, clock: Clock = utc_now) -> DirectoryImport:
    """Its promises are kept by the relays: it has no threads to begin them."""
    database = Database.open(config.database_url, pool_size=1)
    no_threads = dict.fromkeys(worker.LANES, 0)
    relay = create_relay(config, database, create_notifier(config, clock=clock), lanes=no_threads, clock=clock)
    return DirectoryImport(database=database, relay=relay, clock=clock, progress=progress)


def open_door(config: Config, *, clock: Clock) -> Door:
    """Whom we let in: people, by their issuer's keys. No neighbour calls us."""
    claims = ClaimNames(role=config.role_claim, organisation=config.organisation_claim)
    people = TokenVerifier(
        keys=KeySet(config.jwks), issuer=config.issuer, audience=config.audience, clock=clock, claims=claims
    )
    return Door(people=people)


def _answers(database: Database) -> bool:
    with database.begin() as session:
        return session.scalar(text("SELECT true")) is True
