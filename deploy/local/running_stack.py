"""The running stack that a command speaks to: the one in `--data-dir`, or else the only one that runs."""

import argparse
from pathlib import Path
from typing import Any

from data_directory import description_of, in_use


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", type=Path, help="the directory of the running system; needed if several run")


def description(parser: argparse.ArgumentParser, options: argparse.Namespace) -> dict[str, Any]:
    """The content of its stack.json. Ends the command with a sentence when there is none, or no telling which."""
    data: Path | None = options.data_dir
    if data is None:
        running = in_use()
        if len(running) > 1:
            parser.error(f"several systems run; choose one with DATA=…: {', '.join(map(str, running))}")
        data = running[0] if running else None
    found = description_of(data) if data else None
    if found is None:
        where = f" on {data}" if data else ""
        parser.error(f"no system is running{where}: start it with `make run`")
    return found
