"""The whole system on this machine: a database server, three services, their relays, a mailbox and one address.

    python deploy/local/stack.py --data-dir DIR --port-base N [--no-sample] [--no-mailbox]

DIR keeps everything between two runs. Port N is the gateway; N+1 orchestrator, N+2 notification, N+3 acknowledgement
and N+4 the mail server. All listen on this machine only. Ctrl-C stops everything in order; a second Ctrl-C hurries.
"""

import interpreter

interpreter.require_packages()

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import data_directory
from databases import Databases
from embedded_postgres import EmbeddedDatabaseError
from interruption import Interrupted, Interruption
from parts import Parts, PortTaken, TooSlow
from process import set_aside
from ready import ready_block
from settings import Settings
from supervisor import CommandFailed


def main(arguments: Sequence[str]) -> int:
    settings = _settings(arguments)
    interruption = Interruption.installed()
    try:
        with data_directory.locked(settings.data):
            return _run(settings, interruption)
    except (data_directory.InUse, PortTaken, TooSlow, CommandFailed, EmbeddedDatabaseError) as error:
        print(f"stack: {error}", file=sys.stderr)
    except OSError as error:
        place = error.filename or settings.data
        print(f"stack: {settings.data} cannot be used ({place}: {error.strerror}); see DATA=.", file=sys.stderr)
    return 1


def _run(settings: Settings, interruption: Interruption) -> int:
    set_aside(settings.logs)
    parts = Parts(settings, Databases(settings.data / "postgres", settings.logs), interruption)
    try:
        parts.start()
        description = parts.describe()
        data_directory.write_description(settings.data, description)
        print(ready_block(description, data=settings.data, sample=settings.sample), "READY", sep="\n", flush=True)
        parts.watch()
    except Interrupted:
        parts.say("Stopping ... (Ctrl-C again to hurry)")
    finally:
        parts.stop()
    return 0


def _settings(arguments: Sequence[str]) -> Settings:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--port-base", type=int, required=True, help="the gateway's port; the next four are used too")
    parser.add_argument("--no-sample", action="store_true", help="do not load the sample people and lapses")
    parser.add_argument("--no-mailbox", action="store_true", help="no local mail server; see SMTP_URL")
    options = parser.parse_args(arguments)
    if not 1 <= options.port_base <= 65531:
        parser.error("PORT= (--port-base) must be between 1 and 65531")
    return Settings(
        data=options.data_dir.resolve(),
        port_base=options.port_base,
        mailbox=not options.no_mailbox,
        sample=not options.no_sample,
        environment=dict(os.environ),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
