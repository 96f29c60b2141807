"""`audit verify`: prints a line for each hash chain."""

from pathlib import Path
from typing import Any

import click

from shared_lib.cli import Process
from shared_lib.cli.terminal import FAILED, ProgressBar
from shared_lib.database.engine import Database

from .verification import BadAnchors, HashChains, Verdict, read_anchors, write_anchors

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
def verify_chains(process: Process[Any], anchors: Path | None) -> int:
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
    verdicts = []
    with ProgressBar() as bar:
        for verdict in HashChains(database).verify(known, bar.at):
            verdicts.append(verdict)
            bar.clear()
            click.echo(_line(verdict))
    broken = sum(verdict.fault is not None for verdict in verdicts)
    if broken:
        click.echo(f"BROKEN: {broken} of {len(verdicts)}.")
        return FAILED
    if anchors is not None:
        write_anchors(anchors, verdicts)
    click.echo(f"{len(verdicts)} chains, {sum(verdict.anchor.number for verdict in verdicts)} entries, all whole.")
    return 0


def _line(verdict: Verdict) -> str:
    chain = verdict.chain or NO_ORGANISATION
    if verdict.fault is not None:
        return f"{chain}: BROKEN: {verdict.fault}."
    return f"{chain}: {verdict.anchor.number} entries, whole; ends with {verdict.anchor.hash[:16]}."
