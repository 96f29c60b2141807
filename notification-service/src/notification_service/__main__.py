"""The command line: `python -m notification_service COMMAND`."""

import os
import sys

from shared_lib.cli import Service

from .app import MIGRATIONS, NAME
from .config import Config

UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "SERVICE_JWKS": "unused",
    "SERVICE_KEY": "unused",
    "JWT_ISSUER": "unused",
    "ACKNOWLEDGEMENT_URL": "http://unused",
    "SMTP_URL": "smtp://unused",
    "MAIL_FROM": "unused@unused.example",
}
"""Enough to describe the service without running it."""

SERVICE = Service(
    name=NAME,
    package="notification_service",
    migrations=MIGRATIONS,
    config=Config,
    unused=UNUSED,
    commands=("agenda", "lapses"),
)
main = SERVICE.run

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
