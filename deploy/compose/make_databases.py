"""Makes the three databases, each with its three roles, and sets their passwords; harmless to repeat."""

import sys
from pathlib import Path

from embedded_postgres.databases import ensure_database, run_roles
from settings import SERVICES

SECRETS = Path("/run/secrets")
SCRIPT = Path(__file__).resolve().parents[1] / "database" / "roles.sql"
KINDS = ("owner", "app", "read")


def main() -> int:
    superuser_dsn = (SECRETS / "superuser-url").read_text()
    for service in SERVICES:
        roles = [f"{service}_{kind}" for kind in KINDS]
        passwords = {role: (SECRETS / f"{role}.password").read_text() for role in roles}
        ensure_database(superuser_dsn, service, role=roles[0], password=passwords[roles[0]])
        run_roles(superuser_dsn.removesuffix("postgres") + service, SCRIPT.read_text(), passwords)
    print(f"There are databases for {', '.join(SERVICES)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
