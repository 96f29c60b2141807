"""The settings of this service."""

from dataclasses import dataclass
from typing import Any, ClassVar

from shared_lib.config import Settings
from shared_lib.privacy.encryption import FieldCipher
from shared_lib.service_config import MAX_RETENTION_DAYS, RelayConfig


@dataclass(frozen=True, kw_only=True)
class Config(RelayConfig):
    DEFAULT_AUDIENCE: ClassVar[str] = "orchestrator-service"
    HAS_CALLERS: ClassVar[bool] = False
    EXECUTOR_THREADS: ClassVar[int] = 10

    notification_url: str
    notification_audience: str
    reason_encryption_keys: str
    reason_retention_days: int
    actor_name_retention_days: int

    @classmethod
    def read(cls, settings: Settings) -> dict[str, Any]:
        return {
            **super().read(settings),
            "notification_url": settings.web_url("NOTIFICATION_URL"),
            "notification_audience": settings.text("NOTIFICATION_AUDIENCE", "notification-service"),
            "reason_encryption_keys": settings.text("REASON_ENCRYPTION_KEYS"),
            "reason_retention_days": settings.whole("REASON_RETENTION_DAYS", 90, maximum=MAX_RETENTION_DAYS),
            "actor_name_retention_days": settings.whole("ACTOR_NAME_RETENTION_DAYS", 90, maximum=MAX_RETENTION_DAYS),
        }

    def cipher(self) -> FieldCipher:
        return FieldCipher.from_file(self.reason_encryption_keys, setting="REASON_ENCRYPTION_KEYS")
