"""The audit trail: what its entries say, and the hash chain that shows when one was changed or removed."""

from .chain import GRANTS, PER_TENANT, audit_chain_tables, create_chain
from .entries import AuditEntry, AuditFilters

__all__ = ["GRANTS", "PER_TENANT", "AuditEntry", "AuditFilters", "audit_chain_tables", "create_chain"]
