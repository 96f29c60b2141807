"""Makes the three databases and their roles, and sets their passwords; harmless to repeat."""

import sys
from pathlib import Path

from settings import SERVICES
from shared_lib.embedded.databases import ensure_database

SECRETS = Path("/run/secrets")


def main() -> int:
    superuser_dsn = (SECRETS / "superuser-url").read_text()
    for service in SERVICES:
        password = (SECRETS / f"{service}.password").read_text()
        ensure_database(superuser_dsn, service, role=service, password=password)
    print(f"There are databases for {', '.join(SERVICES)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
