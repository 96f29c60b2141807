"""Mint a token for the local system: `make token ROLE=coordinator SUB=coord_9f8e7d6c ORG=nhf` prints nothing else."""

import interpreter

interpreter.require_packages()

import argparse
import sys
from pathlib import Path

from data_directory import description_of
from keys import mint

ROLES = ("coordinator", "org_admin", "global_admin")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="the directory of the running system")
    parser.add_argument("--role", required=True, choices=ROLES, metavar="ROLE", help=" | ".join(ROLES))
    parser.add_argument("--sub", required=True, help="whose token it is, such as coord_9f8e7d6c")
    parser.add_argument("--org", default="", help="the organisation; a global_admin needs none")
    options = parser.parse_args()
    if not options.sub or (options.role != "global_admin" and not options.org):
        parser.error("say who: make token ROLE=coordinator SUB=coord_9f8e7d6c ORG=nhf")
    description = description_of(options.data_dir)
    if description is None:
        parser.error(f"no system is running on {options.data_dir}: start it with `make run`")
    print(mint(description, role=options.role, subject=options.sub, organisation=options.org or None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
