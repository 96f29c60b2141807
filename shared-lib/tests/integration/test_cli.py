"""Errors, exit codes and the commands that change outbox messages."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import pytest
from shared_lib import audit
from shared_lib.cli import Environ, Service, run
from shared_lib.config import BadSetting
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import MigrationRefused, Rejected, Unavailable
from shared_lib.outbox import Dispatcher
from shared_lib.service_config import RelayConfig, ServiceConfig
from shared_lib_testing.issuer import Issuer
from sqlalchemy import select

from ..outbox_world import Destination, enqueue, rows

Output = pytest.CaptureFixture[str]


class ParcelConfig(RelayConfig):
    DEFAULT_AUDIENCE = "parcels"


class UncalledConfig(ServiceConfig):
    DEFAULT_AUDIENCE = "parcels"


SERVICE: Service[Any] = Service(
    name="parcels",
    package="parcels",
    migrations=Path("migrations"),
    config=ParcelConfig,
    unused={},
)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BadSetting("DATABASE_URL is not set."), 2, "Settings: DATABASE_URL is not set."),
        (Unavailable("database_57P01"), 1, "The database does not answer (database_57P01)."),
        (MigrationRefused("The database is at 0007."), 1, "The database is at 0007."),
        (click.ClickException("The file is not there."), 1, "Error: The file is not there."),
        (click.BadParameter("not an id"), 2, "Invalid value: not an id"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_becomes_a_sentence_and_an_exit_code(
    error: BaseException, code: int, sentence: str, capsys: Output
) -> None:
    @click.command()
    def fail() -> None:
        raise error

    assert run(fail, [], {}) == code
    assert sentence in capsys.readouterr().err


def test_a_command_sees_the_environment_and_returns_its_exit_code() -> None:
    @click.command()
    @click.pass_obj
    def answer(environ: Environ) -> int:
        return int(environ["CODE"])

    assert run(answer, [], {"CODE": "7"}) == 7


@pytest.fixture
def dead_letter(dispatcher: Dispatcher, destination: Destination) -> UUID:
    def refuse(_: object) -> None:
        raise Rejected("smtp_550")

    destination.before = refuse
    enqueue(dispatcher, "parcel", inline=True)
    destination.before = lambda _: None
    (row,) = rows(dispatcher.database, "outbox_closed")
    return row.id


def entries(database: Database) -> list[tuple[str, str, str | None]]:
    with database.begin(all_tenants("test")) as session:
        found = session.execute(select(audit.ENTRIES).order_by(audit.ENTRIES.c.id)).all()
    return [(entry.action, entry.actor_id, entry.object_id) for entry in found]


@pytest.fixture
def operate(issuer: Issuer, outbox_url: str) -> Callable[..., int]:
    """Runs `outbox` with these arguments in a service; returns the exit code."""
    return lambda *arguments: SERVICE.run(["outbox", *arguments], issuer.environ(DATABASE_URL=outbox_url))


def test_a_dead_letter_is_listed_and_delivered_again_once(
    operate: Callable[..., int], dispatcher: Dispatcher, destination: Destination, dead_letter: UUID, capsys: Output
) -> None:
    assert operate("list", "--final-state", "rejected", "--limit", "10") == 0
    assert f"{dead_letter}  rejected" in capsys.readouterr().out

    assert [operate("replay", str(dead_letter)) for _ in range(2)] == [0, 1]

    assert dispatcher.run_once() == 1
    assert destination.taken == ["parcel"]
    assert entries(dispatcher.database) == [("outbox_replay", "operations", str(dead_letter))]


def test_a_discarded_dead_letter_is_no_longer_listed(
    operate: Callable[..., int], database: Database, dead_letter: UUID, capsys: Output
) -> None:
    assert operate("discard", str(dead_letter)) == 0
    assert operate("list") == 0

    assert capsys.readouterr().out.endswith("0 shown.\n")
    assert entries(database) == [("outbox_discard", "operations", str(dead_letter))]


def test_an_unknown_final_state_is_refused(operate: Callable[..., int], capsys: Output) -> None:
    assert operate("list", "--final-state", "done") == 2

    assert "'dead'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("service", "code"),
    [
        (SERVICE, {"relay": 0, "outbox": 0, "counts": 2, "directory": 2}),
        (replace(SERVICE, commands=("counts",)), {"outbox": 0, "counts": 0, "encryption": 2}),
        (replace(SERVICE, config=UncalledConfig), {"web": 0, "retention": 0, "relay": 2, "outbox": 2}),
    ],
)
def test_a_service_has_the_commands_for_what_it_has(service: Service[Any], code: dict[str, int]) -> None:
    assert {name: service.run([name, "--help"], {}) for name in code} == code
