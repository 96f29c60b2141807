"""The audit trail, for administrators."""

from shared_lib.web.audit import audit_blueprint

from orchestrator_service.domain.access import GLOBAL_ADMIN, ORG_ADMIN

blp = audit_blueprint("/api/v1/audit", own=ORG_ADMIN, everything=GLOBAL_ADMIN)
