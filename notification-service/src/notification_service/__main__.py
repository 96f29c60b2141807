"""The command line: `python -m notification_service COMMAND`.

Commands import what they need when they run; so a migration loads no web framework.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from shared_lib import cli

from .app import MIGRATIONS, NAME
from .config import Config

if TYPE_CHECKING:
    from flask import Flask
    from shared_lib.database.engine import Database
    from shared_lib.outbox import Dispatcher
    from shared_lib.privacy.retention import RetentionRule

    from .usecases.person_data import PersonData

UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "SERVICE_JWKS": "unused",
    "SERVICE_KEY": "unused",
    "JWT_ISSUER": "unused",
    "ACKNOWLEDGEMENT_URL": "http://unused",
    "SMTP_URL": "smtp://unused",
    "MAIL_FROM": "unused@unused.example",
}
"""Enough to describe the service without running it."""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; returns the exit code."""
    return cli.run(COMMANDS, arguments, environ)


def _grants() -> Mapping[str, str]:
    from .store.tables import GRANTS

    return GRANTS


def _api(config: Config) -> "Flask":
    from shared_lib.database.engine import Database

    from .app.web import build_api

    return build_api(config, Database.open(config.database_url))


def _dispatcher(config: Config, database: "Database") -> "Dispatcher":
    from .app.relay import create_dispatcher, create_ports

    return create_dispatcher(config, database, create_ports(config))


def _retention(config: Config, now: datetime) -> "Sequence[RetentionRule]":
    from .usecases.person_data import retention_rules

    return retention_rules(now=now, message_days=config.message_days, inbox_retention_days=config.inbox_retention_days)


@contextmanager
def _person_data(config: Config) -> Iterator["PersonData"]:
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database

    from .usecases.person_data import PersonData

    database = Database.open(config.database_url, pool_size=1, statement_timeout=0)
    yield PersonData(database=database, clock=utc_now)


SERVICE = cli.Service(
    name=NAME,
    package="notification_service",
    migrations=MIGRATIONS,
    config=Config,
    unused=UNUSED,
    grants=_grants,
    api=_api,
    retention=_retention,
    person_data=_person_data,
    dispatcher=_dispatcher,
)
COMMANDS = cli.command_line(SERVICE)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
