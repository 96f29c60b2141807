"""The settings of this service."""

from dataclasses import dataclass
from typing import Any, ClassVar

from shared_lib.config import Settings
from shared_lib.privacy.encryption import FieldCipher
from shared_lib.service_config import MAX_RETENTION_DAYS, ServiceConfig


@dataclass(frozen=True, kw_only=True)
class Config(ServiceConfig):
    DEFAULT_AUDIENCE: ClassVar[str] = "acknowledgement-service"

    note_encryption_keys: str
    allow_anonymous: bool
    note_retention_days: int

    @classmethod
    def read(cls, settings: Settings) -> dict[str, Any]:
        return {
            **super().read(settings),
            "note_encryption_keys": settings.text("NOTE_ENCRYPTION_KEYS"),
            "allow_anonymous": settings.choice("AUTH_MODE", ("open", "token")) == "open",
            "note_retention_days": settings.whole("NOTE_RETENTION_DAYS", 0, maximum=MAX_RETENTION_DAYS),
        }

    def cipher(self) -> FieldCipher:
        return FieldCipher.from_file(self.note_encryption_keys, setting="NOTE_ENCRYPTION_KEYS")
