"""PostgreSQL 18 without an installation, for `make run` and the tests: binaries of a wheel, supervised by us."""

from .errors import DataDirectoryInUse, DataDirectoryUnusable, EmbeddedDatabaseError, ServerDidNotStart
from .postgres import EmbeddedPostgres

__all__ = [
    "DataDirectoryInUse",
    "DataDirectoryUnusable",
    "EmbeddedDatabaseError",
    "EmbeddedPostgres",
    "ServerDidNotStart",
]
