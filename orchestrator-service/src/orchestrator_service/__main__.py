"""The command line: `python -m orchestrator_service COMMAND`."""

import os
import sys

from shared_lib.cli import Service

from .app import DAILY, MIGRATIONS, NAME
from .config import Config

UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "JWT_ISSUER": "unused",
    "SERVICE_KEY": "unused",
    "NOTIFICATION_URL": "http://unused",
    "REASON_ENCRYPTION_KEYS": "unused",
}
"""Enough to describe the service without running it."""

SERVICE = Service(
    name=NAME,
    package="orchestrator_service",
    migrations=MIGRATIONS,
    config=Config,
    unused=UNUSED,
    commands=("agenda", "contacts", "counts", "encryption", "directory"),
    daily=DAILY,
)
main = SERVICE.run

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
