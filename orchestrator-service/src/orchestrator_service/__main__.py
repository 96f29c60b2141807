"""The command line: `python -m orchestrator_service COMMAND`.

Commands import what they need when they run; so a migration loads no web framework.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click
from shared_lib import cli

from .app import MIGRATIONS, NAME
from .commands import certifications, directory
from .config import Config
from .domain.errors import ImportRunning

if TYPE_CHECKING:
    from flask import Flask
    from shared_lib.database.counter_tables import CounterTable
    from shared_lib.database.engine import Database
    from shared_lib.outbox import Dispatcher
    from shared_lib.privacy.encryption import FieldCipher
    from shared_lib.privacy.key_rotation import EncryptedColumn
    from shared_lib.privacy.retention import RetentionRule

    from .usecases.person_data import PersonData

UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "JWT_ISSUER": "unused",
    "SERVICE_KEY": "unused",
    "NOTIFICATION_URL": "http://unused",
    "REASON_ENCRYPTION_KEYS": "unused",
}
"""Enough to describe the service without running it."""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; returns the exit code."""
    return cli.run(COMMANDS, arguments, environ)


def _grants() -> Mapping[str, str]:
    from .store.tables import GRANTS

    return GRANTS


def _cipher(config: Config) -> "FieldCipher":
    from shared_lib.privacy.encryption import FieldCipher

    return FieldCipher.from_file(config.reason_encryption_keys, setting="REASON_ENCRYPTION_KEYS")


def _api(config: Config) -> "Flask":
    from shared_lib.database.engine import Database

    from .app.web import build_api

    return build_api(config, Database.open(config.database_url))


def _dispatcher(config: Config, database: "Database") -> "Dispatcher":
    from .app.relay import create_dispatcher, create_notifier

    return create_dispatcher(config, database, create_notifier(config))


def _retention(config: Config, now: datetime) -> "Sequence[RetentionRule]":
    from .store.retention import rules

    return rules(
        now=now,
        reason_retention_days=config.reason_retention_days,
        actor_name_retention_days=config.actor_name_retention_days,
    )


@contextmanager
def _person_data(config: Config) -> Iterator["PersonData"]:
    """Ends with a sentence when another service or an import prevents it."""
    from shared_lib.errors import Rejected, Unreachable
    from shared_lib.http_client import TOO_LARGE

    from .app.relay import create_person_data

    try:
        yield create_person_data(config)
    except (Unreachable, Rejected) as error:
        remedy = "it holds more than one answer can carry" if error.reason == TOO_LARGE else "run this again"
        message = f"The notification service does not do its part ({error.reason}): {remedy}."
        raise click.ClickException(message) from error
    except ImportRunning as error:
        raise click.ClickException(str(error)) from error


def _counter_tables() -> "Mapping[str, CounterTable]":
    from .store.event_lists import OF_COORDINATORS, OF_MENTORS

    return {"Events of coordinators": OF_COORDINATORS, "Events of mentors": OF_MENTORS}


def _reasons() -> "EncryptedColumn":
    from .store.tables import REASONS

    return REASONS


SERVICE = cli.Service(
    name=NAME,
    package="orchestrator_service",
    migrations=MIGRATIONS,
    config=Config,
    unused=UNUSED,
    grants=_grants,
    api=_api,
    retention=_retention,
    person_data=_person_data,
    dispatcher=_dispatcher,
    counter_tables=_counter_tables,
    cipher=_cipher,
    encrypted_column=_reasons,
)
COMMANDS = cli.command_line(SERVICE, directory, certifications)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
