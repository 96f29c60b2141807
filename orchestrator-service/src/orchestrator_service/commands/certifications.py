"""`certifications announce`: notices that time itself brings."""

import argparse
from datetime import timedelta
from typing import Any

from shared_lib.progress import ProgressBar

from orchestrator_service.config import Config
from orchestrator_service.domain.certifications import TIERS

MOST_DAYS = 3650


def add_parser(commands: Any) -> None:
    certifications = commands.add_parser("certifications", help="notices that time itself brings")
    actions = certifications.add_subparsers(required=True, metavar="ACTION")
    plan = actions.add_parser(
        "announce", help="record what is due: reminders, and certifications that have ended (run it daily)"
    )
    plan.add_argument(
        "--tiers", type=_days, default=TIERS, metavar="DAYS", help="days before the end, such as 30,14,7 (the default)"
    )
    plan.add_argument(
        "--late-by", type=_day_count, default=14, metavar="DAYS", help="leave alone what ended earlier than this (14)"
    )
    plan.add_argument("--dry-run", action="store_true", help="only count")
    plan.set_defaults(command=_announce)


def _announce(options: argparse.Namespace) -> int:
    from orchestrator_service.app.relay import create_certification_notices

    with ProgressBar() as bar:
        notices = create_certification_notices(Config.from_env(options.environ), progress=bar)
        found = notices.record_due(
            tiers=options.tiers, late_by=timedelta(days=options.late_by), dry_run=options.dry_run
        )
    print(f"{found} notices {'are due' if options.dry_run else 'recorded'}.")
    return 0


def _days(text: str) -> tuple[int, ...]:
    return tuple(_day_count(part) for part in text.split(","))


def _day_count(text: str) -> int:
    days = int(text) if text.strip().isdecimal() else -1
    if not 0 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days between 0 and {MOST_DAYS}")
    return days
