"""The audit trail, for administrators."""

from shared_lib.web.audit import audit_blueprint

blp = audit_blueprint("/api/v1/audit", own="org_admin", everything="global_admin", name="notification")
"""Its longer address is the one behind the common gateway, where the shorter is the orchestrator's."""
