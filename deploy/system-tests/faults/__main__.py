"""Runs the fault drills, each on a new stack, and prints their figures as a table: `make faults`, or some of them.

    PYTHONPATH=deploy/system-tests python -m faults [--scale 0.1] [NAME …]

Everything happens on this machine: ports of 127.0.0.1, processes of our own stacks, a directory of our own.
"""

import argparse
import shutil
import ssl
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from server_certificates import context_of, self_signed

from .catalogue import CATALOGUE, Drill
from .figures import Findings, table
from .world import World, running


def main(arguments: list[str]) -> int:
    """0 when every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CATALOGUE)}; all of them if none")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full counts, such as 0.05")
    parser.add_argument("--keep", action="store_true", help="keep databases and logs of all stacks")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(CATALOGUE):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    home = Path(tempfile.mkdtemp(prefix="faults-"))
    rows = []
    for name in options.names or CATALOGUE:
        start = time.monotonic()
        try:
            found = _run(CATALOGUE[name], options.scale, home / name)
        except (AssertionError, LookupError, OSError, RuntimeError, psycopg.Error) as error:
            found = Findings(title=name)
            found.none("ended before its end", [f"{type(error).__name__}: {error}"])
        found.note("took s", time.monotonic() - start)
        rows.append(found)
        print(table([found]), flush=True)
        if not found.broken and not options.keep:
            shutil.rmtree(home / name)
    broken = sum(len(row.broken) for row in rows)
    print(f"\n{broken} bars broken" + (f"; logs below {home}" if broken or options.keep else ""))
    return 1 if broken else 0


def _run(drill: Drill, scale: float, directory: Path) -> Findings:
    directory.mkdir()
    with ExitStack() as everything:
        tls: ssl.SSLContext | None = None
        settings = dict(drill.settings(scale))
        if drill.encrypted:
            certificate = self_signed(directory, not_after=datetime.now(UTC) + timedelta(days=1))
            tls, settings = context_of(certificate), {**settings, "SSL_CERT_FILE": str(certificate.public)}
        world: World = everything.enter_context(
            running(directory, mentors=drill.mentors(scale), tls=tls, settings=settings)
        )
        return drill.run(world, scale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
