"""The command line: `python -m acknowledgement_service COMMAND`."""

import os
import sys

from shared_lib.cli import Service

from . import MIGRATIONS, NAME
from .config import Config

UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "SERVICE_JWKS": "unused",
    "JWT_ISSUER": "unused",
    "NOTE_ENCRYPTION_KEYS": "unused",
}
"""Enough to describe the service without running it."""

SERVICE = Service(
    name=NAME,
    package="acknowledgement_service",
    migrations=MIGRATIONS,
    config=Config,
    unused=UNUSED,
    commands=("counts", "encryption", "lapses"),
)
main = SERVICE.run

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
