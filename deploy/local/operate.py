"""Runs a command of one service with the settings of the running system, as operations would.

make outbox SERVICE=notification DO=list
"""

import interpreter

interpreter.require_packages()

import argparse
import os
import sys
from pathlib import Path

from data_directory import description_of
from settings import SERVICES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="the directory of the running system")
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="as after `python -m …_service`")
    options = parser.parse_args()
    description = description_of(options.data_dir)
    if description is None:
        parser.error(f"no system is running on {options.data_dir}: start it with `make run`")
    environment = {**os.environ, **description["settings"][options.service]}
    command = [sys.executable, "-m", f"{options.service}_service", *options.command]
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    sys.exit(main())
