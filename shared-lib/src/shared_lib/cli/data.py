"""Commands about what a database keeps: the audit log, retention, one person's data, counter tables, encryption."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from shared_lib.ids import IDENTIFIER

from .service import Environ, Service
from .terminal import FAILED, INTERRUPTED, ProgressBar, sigterm_interrupts

if TYPE_CHECKING:
    from shared_lib.database.counter_tables import CounterTable
    from shared_lib.database.engine import Database
    from shared_lib.privacy.encryption import FieldCipher
    from shared_lib.privacy.key_rotation import EncryptedColumn
    from shared_lib.privacy.retention import RetentionRule
    from shared_lib.service_config import ServiceConfig

C = TypeVar("C", bound="ServiceConfig")

PERSON_ID = re.compile(IDENTIFIER)


def audit_group(service: Service[C]) -> click.Group:
    """`audit verify`."""
    audit = click.Group("audit", help="The audit log.")

    @audit.command()
    @click.option(
        "--anchors",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Also compare with the anchors in FILE, and write the present ones there if all chains are whole.",
    )
    @click.pass_obj
    def verify(environ: Environ, anchors: Path | None) -> int:
        """Read all hash chains and name the first broken entry of each.

        Ends with 0 if all are whole, with 1 if one is broken, with 2 if FILE is not a file of anchors.
        """
        from shared_lib.audit.cli import verify as verify_chains

        return verify_chains(service.database(environ, statement_timeout=0), anchors)

    return audit


def retention_group(service: Service[C]) -> click.Group:
    """`retention run`."""
    retention = click.Group("retention", help="Data that are kept for a limited time.")

    @retention.command("run")
    @click.pass_obj
    def run_rules(environ: Environ) -> int:
        """Delete what was kept long enough (settings ..._DAYS), in batches.

        Run it daily. It may be interrupted and repeated.
        """
        from shared_lib.clock import utc_now

        rules = service.retention(service.config.from_env(environ), utc_now())
        return run_retention(service.database(environ), rules)

    return retention


def run_retention(database: "Database", rules: Sequence["RetentionRule"]) -> int:
    """Apply the rules and print what was removed; returns the exit code. Every batch commits. Raises Unavailable."""
    from shared_lib.privacy.retention import purge

    removed = dict.fromkeys((rule.what for rule in rules), 0)

    def sentence() -> str:
        return f"Removed: {', '.join(f'{count} {what}' for what, count in removed.items())}."

    try:
        with sigterm_interrupts(), ProgressBar() as bar:
            for what, count in purge(database, rules):
                removed[what] += count
                bar.at(f"{what}: {removed[what]}")
    except KeyboardInterrupt:
        click.echo(f"Interrupted; run it again at any time. {sentence()}")
        return INTERRUPTED
    click.echo(sentence())
    return 0


def person_group(service: Service[C]) -> click.Group:
    """`person export|erase`."""
    person = click.Group(
        "person",
        short_help="Export or erase the data of one person.",
        help=f"Export or erase the data of one person ({service.person_services}).",
    )
    person_id = click.argument("person_id", metavar="ID", callback=_checked_person_id)

    @person.command()
    @person_id
    @click.pass_obj
    def export(environ: Environ, person_id: str) -> None:
        """Print all data about the person, as JSON."""
        with service.person_data(service.config.from_env(environ)) as person_data:
            _print_json(person_data.export(person_id))

    @person.command()
    @person_id
    @click.pass_obj
    def erase(environ: Environ, person_id: str) -> None:
        """Erase all data about the person except ids, codes and times.

        Repeating it is safe; repeat it if it was interrupted.
        """
        with service.person_data(service.config.from_env(environ)) as person_data:
            _print_json(person_data.erase(person_id))

    return person


def _checked_person_id(_: click.Context, __: click.Parameter, value: str) -> str:
    if not PERSON_ID.fullmatch(value):
        raise click.BadParameter("an id has 1 to 64 letters, digits and . _ : @ -")
    return value


def _print_json(document: Mapping[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def counts_group(service: Service[C], tables: Callable[[], Mapping[str, "CounterTable"]]) -> click.Group:
    """`counts verify|repair` for a service with counter tables; `tables` names each for the output."""
    counts = click.Group("counts", help="The counter tables, which give lists their total.")

    def check(environ: Environ, *, repair: bool) -> int:
        from shared_lib.database.counter_tables import run_check

        owner = service.owner_database(environ)
        found = {name: run_check(owner, table, repair=repair) for name, table in tables().items()}
        for name, (_, sentence) in found.items():
            click.echo(f"{name}: {sentence}")
        return max(code for code, _ in found.values())

    @counts.command()
    @click.pass_obj
    def verify(environ: Environ) -> int:
        """Count all rows and compare. Ends with 1 if a count is wrong."""
        return check(environ, repair=False)

    @counts.command()
    @click.pass_obj
    def repair(environ: Environ) -> int:
        """Count all rows and correct wrong counts. Writers wait meanwhile."""
        return check(environ, repair=True)

    return counts


def encryption_group(
    service: Service[C], column: Callable[[], "EncryptedColumn"], cipher: Callable[[C], "FieldCipher"]
) -> click.Group:
    """`encryption rotate-keys` for a service with an encrypted column."""
    encryption = click.Group("encryption", help="Encrypted columns.")

    @encryption.command("rotate-keys")
    @click.pass_obj
    def rotate_keys(environ: Environ) -> int:
        """Encrypt all texts with the current key, in batches.

        It may be interrupted and repeated. Ends with 1 if a text cannot be decrypted.
        """
        keys = cipher(service.config.from_env(environ))
        return run_key_rotation(service.database(environ), keys, column())

    return encryption


def run_key_rotation(database: "Database", cipher: "FieldCipher", column: "EncryptedColumn") -> int:
    """Rotate and print the result; returns the exit code. Every batch commits. Raises Unavailable."""
    from shared_lib.privacy.key_rotation import rotate

    try:
        with sigterm_interrupts(), ProgressBar() as bar:
            rotation = rotate(database, cipher, column, progress=lambda done, total: bar.at("encrypting", done, total))
    except KeyboardInterrupt:
        click.echo("Interrupted; run it again at any time: what was encrypted stays so.")
        return INTERRUPTED
    click.echo(f"{rotation.resealed} encrypted with key {cipher.current}.")
    for row_id in rotation.unreadable:
        click.echo(f"{column.table} {row_id} cannot be decrypted: is its key missing from the file?", err=True)
    return FAILED if rotation.unreadable else 0
