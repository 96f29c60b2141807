"""`directory import FILE`: bring the directory to what a CSV file says."""

import argparse
import sys
from pathlib import Path
from typing import Any

from shared_lib.progress import ProgressBar

from orchestrator_service.config import Config
from orchestrator_service.domain.directory_file import Report
from orchestrator_service.domain.errors import ImportRunning


def add_parser(commands: Any) -> None:
    directory = commands.add_parser("directory", help="people, and who looks after whom")
    actions = directory.add_subparsers(required=True, metavar="ACTION")
    load = actions.add_parser("import", help="bring the directory to what a CSV file says (see README)")
    load.add_argument("file", type=Path)
    load.add_argument("--dry-run", action="store_true", help="do everything, then take it back")
    load.set_defaults(command=_import)


def _import(options: argparse.Namespace) -> int:
    from orchestrator_service.app.relay import create_import

    path: Path = options.file
    with ProgressBar() as bar:
        directory_import = create_import(Config.from_env(options.environ), progress=bar)
        try:
            with path.open("rb") as file:
                report = directory_import.run(
                    file, size=path.stat().st_size, actor_id="operations", dry_run=options.dry_run
                )
        except (OSError, ImportRunning) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
    _print_report(path, report)
    return 0 if report.is_good else 1


def _print_report(path: Path, report: Report) -> None:
    problems = report.problems
    for problem in problems.in_order():
        place = f"{path}:{problem.line}:" + (f" {problem.column}:" if problem.column else "")
        print(place, problem.reason, file=sys.stderr)
    if not report.is_good:
        unseen = problems.count - len(problems.shown)
        rest = f", of which {unseen} are not shown" if unseen else ""
        print(f"{problems.count} problems{rest}. Nothing was imported.", file=sys.stderr)
        return
    for each in report.counts:
        ended = f", {each.ended} ended" if each.ended else ""
        print(f"{each.subject}: {each.new} new, {each.changed} changed, {each.unchanged} unchanged{ended}")
    if report.left_out:
        print(f"Left out, because their data were removed (person erase): {', '.join(report.left_out)}")
    verb = "would be told" if report.is_dry_run else "will be told"
    print(f"{report.contacts} contacts {verb} to the notification service.")
    if report.is_dry_run:
        print("Dry run: nothing was imported.")
