"""The service on a real database, with fakes behind its ports, and a client that speaks HTTP to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from notification_service.app import MIGRATIONS
from notification_service.app.relay import Ports, create_agenda, create_dispatcher
from notification_service.app.web import create_app
from notification_service.config import Config
from notification_service.store.tables import GRANTS
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.lapses import LapseNews
from notification_service.usecases.person_data import Contacts, PersonData
from notification_service.usecases.recording import Recorder
from notification_service.usecases.texts import Texts
from notification_service.usecases.withdrawals import Withdrawals
from shared_lib.agenda import AgendaLoop
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.outbox import Dispatcher
from shared_lib.web.app import close_app
from shared_lib_testing.issuer import Issuer, bearer
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for, truncate_all

from .builders import a_contact, a_coordinator, an_organisation
from .fakes import FakeAcknowledgements, FakeMailer, FakePusher, MovableClock

AUDIENCE = "notification-service"
PORTAL = "https://portal.example"


def _migrate(dsn: str) -> None:
    database = Database.open(dsn, pool_size=1)
    migrate(database, MIGRATIONS, GRANTS)
    database.close()


@pytest.fixture(scope="session")
def addresses(postgres_server: PostgresServer) -> Addresses:
    return database_for(postgres_server, "notification", _migrate)


@pytest.fixture(scope="session")
def database_url(addresses: Addresses) -> str:
    """As the service itself reaches it: what it may not do fails."""
    return addresses.app


@pytest.fixture(scope="session")
def everything_url(addresses: Addresses) -> str:
    """For a look at what is there, whosever it is."""
    return addresses.everything


@pytest.fixture
def database(addresses: Addresses, database_url: str) -> Iterator[Database]:
    truncate_all(addresses.owner)
    database = Database.open(database_url, pool_size=30, lock_timeout=10)
    yield database
    database.close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def mailer() -> FakeMailer:
    return FakeMailer()


@pytest.fixture
def pusher() -> FakePusher:
    return FakePusher()


@pytest.fixture
def acknowledgements() -> FakeAcknowledgements:
    return FakeAcknowledgements()


@pytest.fixture
def ports(mailer: FakeMailer, pusher: FakePusher, acknowledgements: FakeAcknowledgements) -> Ports:
    return Ports(mailer=mailer, pusher=pusher, acknowledgements=acknowledgements)


@pytest.fixture
def environ(database_url: str, issuer: Issuer) -> dict[str, str]:
    return issuer.environ(
        DATABASE_URL=database_url,
        ACKNOWLEDGEMENT_URL="http://127.0.0.1:9",
        SMTP_URL="smtp://127.0.0.1:9",
        MAIL_FROM="likeperson@portal.example",
        PUSH_URL="http://127.0.0.1:9/push",
        PORTAL_URL=PORTAL,
        DATABASE_POOL_SIZE="30",
    )


@pytest.fixture
def config(environ: dict[str, str]) -> Config:
    return Config.from_env(environ)


@pytest.fixture
def dispatcher(config: Config, database: Database, ports: Ports, clock: MovableClock) -> Iterator[Dispatcher]:
    dispatcher = create_dispatcher(config, database, ports, clock=clock)
    yield dispatcher
    dispatcher.close(timeout=5)


@pytest.fixture
def agenda(config: Config, database: Database, ports: Ports, clock: MovableClock) -> AgendaLoop:
    """The loop of one relay."""
    return create_agenda(config, database, ports=ports, clock=clock)


@pytest.fixture
def announcements(database: Database, dispatcher: Dispatcher, clock: MovableClock) -> Announcements:
    recorder = Recorder(texts=Texts(portal_url=PORTAL), push_configured=True)
    return Announcements(database=database, dispatcher=dispatcher, clock=clock, recorder=recorder)


@pytest.fixture
def withdrawals(database: Database, dispatcher: Dispatcher, clock: MovableClock) -> Withdrawals:
    return Withdrawals(database=database, dispatcher=dispatcher, clock=clock)


@pytest.fixture
def contacts(announcements: Announcements) -> Contacts:
    parts = announcements
    news = LapseNews(database=parts.database, dispatcher=parts.dispatcher, recorder=parts.recorder, clock=parts.clock)
    return Contacts(database=parts.database, lapse_news=news)


@pytest.fixture
def person_data(database: Database, clock: MovableClock) -> PersonData:
    return PersonData(database=database, clock=clock)


@pytest.fixture
def people(contacts: Contacts) -> None:
    """A mentor, their coordinator and an admin of their organisation."""
    admin = a_coordinator(id="admin-lhl", name="Anne Admin", email="admin@lhl.example")
    contacts.put(organisations=[an_organisation()], people=[a_contact(), a_coordinator(), admin])


@pytest.fixture
def app(config: Config, database: Database, ports: Ports, clock: MovableClock) -> Iterator[Flask]:
    app = create_app(config, ports=ports, clock=clock)
    yield app
    close_app(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


Headers = dict[str, str]


@pytest.fixture
def as_person(issuer: Issuer) -> Callable[..., Headers]:
    def headers(subject: str, role: str, organisation: str | None = "lhl", **claims: Any) -> Headers:
        return bearer(issuer.person(subject, role, organisation, audience=AUDIENCE, **claims))

    return headers


@pytest.fixture
def as_service(issuer: Issuer) -> Headers:
    return bearer(issuer.service("orchestrator-service", audience=AUDIENCE))
