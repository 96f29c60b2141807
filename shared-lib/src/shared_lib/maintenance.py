"""The arguments of commands that every service has; loads nothing of what carries them out."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared_lib.ids import IDENTIFIER

Run = Callable[..., int]
PERSON_ID = re.compile(IDENTIFIER)


def add_seal(commands: Any, run: Run) -> None:
    """Add `seal rotate`; `run` is called with the parsed options."""
    seal = commands.add_parser("seal", help="texts that are kept sealed")
    actions = seal.add_subparsers(required=True, metavar="ACTION")
    rotate = actions.add_parser("rotate", help="bring all of them under the current key, in batches; may be repeated")
    rotate.set_defaults(command=run)


def add_audit(commands: Any, run: Run) -> None:
    """Add `audit verify`; `run` is called with the parsed options."""
    audit = commands.add_parser("audit", help="the audit trail")
    actions = audit.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="read the whole trail and name the first broken entry of every chain")
    verify.add_argument(
        "--anchors",
        type=Path,
        metavar="FILE",
        help="also compare with how far the chains had come last time, and keep that there when all is well",
    )
    verify.set_defaults(command=run)


def add_counts(commands: Any, run: Run) -> None:
    """Add `counts verify|repair`; `run` is called with the parsed options, of which `action` is one."""
    counts = commands.add_parser("counts", help="how many there are, as lists say in `total`")
    actions = counts.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("verify", help="count all rows and compare; exit code 1 when a count is wrong")
    actions.add_parser("repair", help="count anew what is wrong; writers wait meanwhile")
    counts.set_defaults(command=run)


def add_tidy(commands: Any, run: Run) -> None:
    """Add `tidy`; `run` is called with the parsed options."""
    tidy = commands.add_parser(
        "tidy", help="remove what is kept for a time only (settings …_DAYS), in batches; run it daily, may be repeated"
    )
    tidy.set_defaults(command=run)


def add_person(commands: Any, run: Run, *, reach: str) -> None:
    """Add `person export ID` and `person erase ID`; `reach` says how far they go."""
    person = commands.add_parser("person", help=f"what is held about one person: export, erase ({reach})")
    actions = person.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, meaning in {
        "export": "print everything that is held about this id, as JSON",
        "erase": "leave nothing but ids, codes and times; harmless to repeat, and to be repeated when broken off",
    }.items():
        actions.add_parser(name, help=f"{meaning} ({reach})").add_argument("id", type=_person_id, metavar="ID")
    person.set_defaults(command=run)


def _person_id(given: str) -> str:
    if not PERSON_ID.fullmatch(given):
        raise argparse.ArgumentTypeError("an id has 1 to 64 letters, digits and . _ : @ -")
    return given
