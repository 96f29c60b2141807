"""The composition root: what this service is made of."""

import hashlib
from pathlib import Path

from flask import Flask
from shared_lib.clock import Clock, utc_now
from shared_lib.database import Database
from shared_lib.keys import KeySet
from shared_lib.migrate import current_revision, newest_revision
from shared_lib.tokens import ClaimNames, TokenVerifier
from shared_lib.web import api
from shared_lib.web.auth import Door
from sqlalchemy import text

from .api import internal, routes
from .api.errors import ERROR_TABLE
from .config import Config
from .usecases.lapses import Lapses

NAME = "acknowledgement-service"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(config: Config, *, clock: Clock = utc_now) -> Flask:
    """A web application that is ready to be served; connects to nothing yet."""
    database = Database.open(config.database_url, pool_size=config.pool_size)
    door = open_door(config, clock=clock)
    newest = newest_revision(MIGRATIONS)
    app = api.build(
        __name__,
        title="Coordinator Acknowledgement Service",
        base_path=routes.BASE_PATH,
        blueprints=[routes.blp, internal.blp],
        error_table=ERROR_TABLE,
        door=door,
        checks={
            "database": lambda: _answers(database),
            "schema": lambda: current_revision(database) == newest,
            "keys": door.people.keys.is_loaded,
        },
    )
    app.extensions["lapses"] = Lapses(database=database, clock=clock)
    app.extensions["fingerprint_secret"] = hashlib.sha256(config.database_url.encode()).digest()
    api.closing(app, database.close)
    return app


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
