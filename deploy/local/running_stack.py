"""The running stack that a command speaks to: the one in `--data-dir`, or else the only one that runs."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from data_directory import InUse, description_of, in_use


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", type=Path, help="the directory of the running system; needed if several run")


def description(parser: argparse.ArgumentParser, options: argparse.Namespace) -> dict[str, Any]:
    """The content of its stack.json. Ends the command with a sentence when there is none, or no telling which."""
    data: Path | None = options.data_dir
    try:
        if data is None:
            running = in_use()
            if len(running) > 1:
                parser.error(f"several systems run; choose one: {', '.join(map(make_argument, running))}")
            data = running[0] if running else None
        found = description_of(data) if data else None
    except (InUse, OSError) as error:
        parser.error(str(error))
    if found is None:
        where, argument = (f" on {data}", f" {make_argument(data)}") if data else ("", "")
        parser.error(f"no system is running{where}: start it with `make run{argument}`")
    return found


def make_argument(data: Path) -> str:
    """What a target of make needs to find the system in this directory, as a shell reads it."""
    return f"DATA={shlex.quote(str(data).replace('$', '$$'))}"
