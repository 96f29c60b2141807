"""Commands about what a database keeps: retention, one person's data, counter tables, encryption."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from shared_lib.clock import utc_now
from shared_lib.daily_commands import record_success
from shared_lib.database.counter_tables import run_check
from shared_lib.database.engine import Database
from shared_lib.ids import IDENTIFIER, IDENTIFIER_RULE
from shared_lib.privacy.encryption import FieldCipher
from shared_lib.privacy.key_rotation import EncryptedColumn, rotate_keys
from shared_lib.privacy.retention import RetentionRule, purge

from . import Process
from .terminal import FAILED, INTERRUPTED, ProgressBar, sigterm_interrupts

PERSON_ID = re.compile(IDENTIFIER)

retention = click.Group("retention", help="Data that are kept for a limited time.")
person = click.Group(
    "person",
    short_help="Export or erase the data of one person.",
    help="Export or erase the data of one person: the orchestrator's command in all services, others in their own.",
)
counts = click.Group("counts", help="The counter tables, which give lists their total.")
encryption = click.Group("encryption", help="Encrypted columns.")


@retention.command("run")
@click.pass_obj
def apply_rules(process: Process[Any]) -> int:
    """Delete what was kept long enough (settings ..._DAYS), in batches.

    Run it daily. It may be interrupted and repeated.
    """
    code = run_retention(process.database(), process.operations.retention(process.config, utc_now()))
    if code == 0:
        record_success(process.database(), "retention run", at=utc_now())
    return code


def run_retention(database: Database, rules: Sequence[RetentionRule]) -> int:
    """Apply the rules and print what was removed; returns the exit code. Every batch commits. Raises Unavailable."""
    removed = dict.fromkeys((rule.name for rule in rules), 0)

    def sentence() -> str:
        return f"Removed: {', '.join(f'{count} {name}' for name, count in removed.items())}."

    try:
        with sigterm_interrupts(), ProgressBar() as bar:
            for name, count in purge(database, rules):
                removed[name] += count
                bar.at(f"{name}: {removed[name]}")
    except KeyboardInterrupt:
        click.echo(f"Interrupted; run it again at any time. {sentence()}")
        return INTERRUPTED
    click.echo(sentence())
    return 0


def _checked_person_id(_: click.Context, __: click.Parameter, value: str) -> str:
    if not PERSON_ID.fullmatch(value):
        raise click.BadParameter(f"an id has {IDENTIFIER_RULE}")
    return value


person_id_argument = click.argument("person_id", metavar="ID", callback=_checked_person_id)
DASHED_IDS = {"ignore_unknown_options": True}
"""An id may begin with a dash."""


@person.command(context_settings=DASHED_IDS)
@person_id_argument
@click.pass_obj
def export(process: Process[Any], person_id: str) -> None:
    """Print all data about the person, as JSON."""
    with process.operations.person_data(process) as person_data:
        _print_json(person_data.export(person_id))


@person.command(context_settings=DASHED_IDS)
@person_id_argument
@click.pass_obj
def erase(process: Process[Any], person_id: str) -> None:
    """Erase all data about the person except ids, codes and times.

    Repeating it is safe; repeat it if it was interrupted.
    """
    with process.operations.person_data(process) as person_data:
        _print_json(person_data.erase(person_id))


def _print_json(document: Mapping[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@counts.command()
@click.pass_obj
def verify(process: Process[Any]) -> int:
    """Count all rows and compare. Ends with 1 if a count is wrong."""
    return _check_counts(process, repair=False)


@counts.command()
@click.pass_obj
def repair(process: Process[Any]) -> int:
    """Count all rows and correct wrong counts. Writers wait meanwhile."""
    return _check_counts(process, repair=True)


def _check_counts(process: Process[Any], *, repair: bool) -> int:
    owner, tables = process.owner_database(), process.operations.counter_tables
    found = {name: run_check(owner, table, repair=repair) for name, table in tables.items()}
    for name, (_, sentence) in found.items():
        click.echo(f"{name}: {sentence}")
    return max(code for code, _ in found.values())


@encryption.command("rotate-keys")
@click.pass_obj
def encrypt_again(process: Process[Any]) -> int:
    """Encrypt all texts with the current key, in batches.

    It may be interrupted and repeated. Ends with 1 if a text cannot be decrypted.
    """
    return run_key_rotation(process.database(), process.config.cipher(), process.operations.encrypted_column)


def run_key_rotation(database: Database, cipher: FieldCipher, column: EncryptedColumn) -> int:
    """Rotate and print the result; returns the exit code. Every batch commits. Raises Unavailable."""
    try:
        with sigterm_interrupts(), ProgressBar() as bar:
            rotation = rotate_keys(
                database, cipher, column, progress=lambda done, total: bar.at("encrypting", done, total)
            )
    except KeyboardInterrupt:
        click.echo("Interrupted; run it again at any time: what was encrypted stays so.")
        return INTERRUPTED
    click.echo(f"{rotation.rotated} encrypted with key {cipher.current}.")
    for row_id in rotation.unreadable:
        click.echo(f"{column.table} {row_id} cannot be decrypted: is its key missing from the file?", err=True)
    return FAILED if rotation.unreadable else 0
