"""Mint a token for the local system: `make token ROLE=coordinator SUB=coord_9f8e7d6c ORG=nhf` prints nothing else."""

import interpreter

interpreter.require_packages()

import argparse
import sys

import running_stack
from keys import mint

ROLES = ("coordinator", "org_admin", "global_admin")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    running_stack.add_option(parser)
    parser.add_argument("--role", required=True, choices=ROLES, metavar="ROLE", help=" | ".join(ROLES))
    parser.add_argument("--sub", required=True, help="whose token it is, such as coord_9f8e7d6c")
    parser.add_argument("--org", default="", help="the organisation; a global_admin needs none")
    options = parser.parse_args()
    if not options.sub or (options.role != "global_admin" and not options.org):
        where = f" {running_stack.make_argument(options.data_dir)}" if options.data_dir else ""
        parser.error(f"say who: make token{where} ROLE=coordinator SUB=coord_9f8e7d6c ORG=nhf")
    description = running_stack.description(parser, options)
    print(mint(description, role=options.role, subject=options.sub, organisation=options.org or None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
