"""`audit verify`: is the trail whole?"""

import argparse

from shared_lib.database.engine import Database
from shared_lib.progress import ProgressBar

from . import anchors
from .verification import Trail, Verdict

BROKEN = 1
UNUSABLE = 2
NOBODYS = "(no organisation)"


def run(options: argparse.Namespace, database: Database, *, table: str) -> int:
    """Carry out the parsed command; answers the exit code: 0 whole, 1 broken, 2 for anchors that cannot be read."""
    try:
        known = anchors.read(options.anchors) if options.anchors else {}
    except anchors.BadAnchors as fault:
        print(fault)
        return UNUSABLE
    verdicts = []
    with ProgressBar() as bar:
        for verdict in Trail(database, table).verify(known, bar.at):
            verdicts.append(verdict)
            bar.clear()
            print(_line(verdict), flush=True)
    broken = sum(verdict.fault is not None for verdict in verdicts)
    if broken:
        print(f"BROKEN: {broken} of {len(verdicts)}.")
        return BROKEN
    if options.anchors:
        anchors.write(options.anchors, verdicts)
    print(f"{len(verdicts)} chains, {sum(verdict.anchor.number for verdict in verdicts)} entries, all whole.")
    return 0


def _line(verdict: Verdict) -> str:
    chain = verdict.chain or NOBODYS
    if verdict.fault is not None:
        return f"{chain}: BROKEN: {verdict.fault}."
    return f"{chain}: {verdict.anchor.number} entries, whole; ends with {verdict.anchor.hash[:16]}."
