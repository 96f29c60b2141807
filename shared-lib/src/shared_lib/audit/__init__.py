"""The audit log: who did what and when, and the hash chain that shows when an entry was changed or removed."""

from .chain import CREATE, GRANTS, PER_TENANT
from .query import AuditEntry, AuditFilters, AuditLog
from .table import ENTRIES, audit_tables, record

__all__ = [
    "CREATE",
    "ENTRIES",
    "GRANTS",
    "PER_TENANT",
    "AuditEntry",
    "AuditFilters",
    "AuditLog",
    "audit_tables",
    "record",
]
