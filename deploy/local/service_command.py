"""Runs a command of one service with the settings of the running system.

make cli SERVICE=orchestrator ARGS="directory import FILE"
"""

import interpreter

interpreter.require_packages()

import argparse
import os
import sys

import running_stack
from settings import SERVICES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    running_stack.add_option(parser)
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="as after `python -m …_service`")
    options = parser.parse_args()
    description = running_stack.description(parser, options)
    environment = {**os.environ, **description["settings"][options.service]}
    command = [sys.executable, "-m", f"{options.service}_service", *options.command]
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    sys.exit(main())
