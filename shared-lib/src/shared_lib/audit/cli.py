"""`audit verify`: prints a line for each hash chain."""

from pathlib import Path
from typing import Any

import click

from shared_lib.cli import Process
from shared_lib.cli.terminal import FAILED, ProgressBar
from shared_lib.database.engine import Database

from .verification import BadAnchors, ChainCheck, read_anchors, verify_chains, write_anchors

BAD_ANCHORS = 2
NO_ORGANISATION = "(no organisation)"

audit = click.Group("audit", help="The audit log.")


@audit.command("verify")
@click.option(
    "--anchors",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also compare with the anchors in FILE, and write the present ones there if all chains are whole.",
)
@click.pass_obj
def verify_command(process: Process[Any], anchors: Path | None) -> int:
    """Read all hash chains and name the first broken entry of each.

    Ends with 0 if all are whole, with 1 if one is broken, with 2 if FILE is not a file of anchors.
    """
    return verify(process.database(statement_timeout=0), anchors)


def verify(database: Database, anchors: Path | None) -> int:
    """Verify all chains, also against the file `anchors`, which is replaced if all are whole; returns the exit code."""
    try:
        known = read_anchors(anchors) if anchors is not None else {}
    except BadAnchors as error:
        click.echo(str(error))
        return BAD_ANCHORS
    checks = []
    with ProgressBar() as bar:
        for check in verify_chains(database, known, bar.at):
            checks.append(check)
            bar.clear()
            click.echo(_line(check))
    broken = sum(check.fault is not None for check in checks)
    if broken:
        click.echo(f"BROKEN: {broken} of {len(checks)}.")
        return FAILED
    if anchors is not None:
        write_anchors(anchors, checks)
    click.echo(f"{len(checks)} chains, {sum(check.anchor.number for check in checks)} entries, all whole.")
    return 0


def _line(check: ChainCheck) -> str:
    chain = check.chain or NO_ORGANISATION
    if check.fault is not None:
        return f"{chain}: BROKEN: {check.fault}."
    return f"{chain}: {check.anchor.number} entries, whole; ends with {check.anchor.hash[:16]}."
