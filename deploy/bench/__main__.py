"""Measures the system against its floor: `make bench`, or some of its parts.

    PYTHONPATH=deploy:deploy/local python -m bench [--rounds 5] [--json FILE] [PART …]

Everything happens on this machine: ports of 127.0.0.1, processes of our own, a directory of our own. Nothing else
should be running.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from . import directory, plant, report
from .measure import Row
from .plant import Plant
from .rows import acknowledging, chain, idle, lists, mails, posting, serving
from .rows.events import Events

PARTS = ("posting", "pages", "acknowledging", "serving", "chain", "mails", "growth", "idle")
STARTS = 3


def main(arguments: list[str]) -> int:
    """0 when every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all of them if none")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side is measured")
    parser.add_argument("--port-base", type=int, default=8900, help="the first of 40 ports")
    parser.add_argument("--json", type=Path, help="write everything that was measured into this file")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    start = time.monotonic()
    rows: list[Row] = []
    for row in _measured(home, set(options.parts or PARTS), options.rounds, options.port_base):
        rows.append(row)
        print(report.table([row]).split("\n")[1], flush=True)
    seconds = time.monotonic() - start
    print(f"\n{report.table(rows)}\n\n{seconds:.0f} s, {options.rounds} rounds")
    if options.json:
        options.json.write_text(report.document(rows, rounds=options.rounds, seconds=seconds))
    if options.keep:
        print(f"Logs are below {home}.")
    else:
        shutil.rmtree(home)
    return 1 if any(row.holds is False for row in rows) else 0


def _measured(home: Path, parts: set[str], rounds: int, port_base: int) -> Iterator[Row]:
    if parts - {"idle"}:
        with plant.running(home / "plant", port_base=port_base) as running:
            yield from _of_plant(running, parts, rounds, home / "people.csv")
    if "idle" in parts:
        yield from idle.stack(home / "stack", port_base=port_base, rounds=STARTS)


def _of_plant(running: Plant, parts: set[str], rounds: int, people: Path) -> Iterator[Row]:
    directory.write(people)
    running.run(running.program("orchestrator", "directory", "import", str(people)))
    if "idle" in parts:
        yield from idle.first_answers(running, rounds=STARTS)
    running.start_floors()
    events = Events(running)
    yield from _alone(running, parts, rounds, events)
    if parts & {"chain", "mails"}:
        yield from _together(running, parts, rounds, events)
    if "growth" in parts:
        running.start(running.program("orchestrator", "web"), running.program("acknowledgement", "web"))
        yield from lists.growth(running, rounds=rounds)


def _alone(running: Plant, parts: set[str], rounds: int, events: Events) -> Iterator[Row]:
    """Rows without a relay and without the notification service."""
    running.start(running.program("orchestrator", "web"), running.program("acknowledgement", "web"))
    if "posting" in parts:
        yield from posting.rows(running, events, rounds=rounds)
    if "pages" in parts:
        posting.fill(running, events)
        yield from lists.first_page(running, rounds=rounds)
    if "acknowledging" in parts:
        yield from acknowledging.rows(running, rounds=rounds)
    running.stop("orchestrator.web", "acknowledgement.web")
    if "serving" in parts:
        yield from serving.rows(running, events, rounds=rounds)
    posting.delete_outbox_messages(running)


def _together(running: Plant, parts: set[str], rounds: int, events: Events) -> Iterator[Row]:
    """Rows with every process running."""
    running.start_sink()
    running.start_everybody()
    if "chain" in parts:
        yield from chain.rows(running, events, rounds=rounds)
    if "mails" in parts:
        yield from mails.rows(running, rounds=rounds)
    running.stop_everybody()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
