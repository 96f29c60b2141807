"""The arguments of `outbox list|show|replay|discard|hold|release`.

Loads nothing of what carries them out (`outbox.commands`).
"""

import argparse
from collections.abc import Callable
from typing import Any
from uuid import UUID

REPLAYABLE = ("dead", "expired", "quarantined", "rejected", "unknown")
"""Endings that somebody should look at, and may begin anew."""


def add_parser(commands: Any, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the `outbox` command to a service's command line; `run` is called with the parsed options."""
    outbox = commands.add_parser(
        "outbox", help="deliveries that ended badly: list, show, replay, discard; hold, release"
    )
    actions = outbox.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the newest that are dead, expired, quarantined, rejected or unknown")
    listing.add_argument("--ending", choices=REPLAYABLE)
    listing.add_argument("--limit", type=int, default=50)
    for name, meaning in {
        "show": "everything about one",
        "replay": "try one again under its old id; harmless to repeat",
        "discard": "put one away for good",
    }.items():
        actions.add_parser(name, help=meaning).add_argument("id", type=UUID)
    for name, meaning in {
        "hold": "after a restore, before anything runs: put aside what may have been sent since the back-up",
        "release": "begin all that is held anew",
    }.items():
        actions.add_parser(name, help=meaning)
    outbox.set_defaults(command=run)
