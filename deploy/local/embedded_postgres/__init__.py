"""PostgreSQL 18 on one machine, without an installation: what `make run` and the tests store their data in."""

from .errors import DataDirectoryInUse, DataDirectoryUnusable, EmbeddedDatabaseError, ServerDidNotStart
from .postgres import EmbeddedPostgres

__all__ = [
    "DataDirectoryInUse",
    "DataDirectoryUnusable",
    "EmbeddedDatabaseError",
    "EmbeddedPostgres",
    "ServerDidNotStart",
]
