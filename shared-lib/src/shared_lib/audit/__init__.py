"""The audit log: who did what and when, and the hash chain that shows when an entry was changed or removed."""

from .query import AuditFilters, AuditLog
from .table import ENTRIES, GRANTS, record

__all__ = ["ENTRIES", "GRANTS", "AuditFilters", "AuditLog", "record"]
