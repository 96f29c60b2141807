"""Generated passwords, kept beside the data they open."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Passwords:
    """A file of passwords by role, readable by our user only."""

    path: Path

    def of(self, role: str) -> str:
        """The password of this role: the one it always had, or a new one that is on disk before anybody uses it."""
        known = self._known()
        if role not in known:
            known = {**known, role: secrets.token_urlsafe(24)}
            self._keep(known)
        return known[role]

    def keep(self, role: str, password: str) -> None:
        """Remember a password that the caller chose."""
        known = self._known()
        if known.get(role) != password:
            self._keep({**known, role: password})

    def _known(self) -> dict[str, str]:
        return dict(json.loads(self.path.read_text())) if self.path.exists() else {}

    def _keep(self, known: Mapping[str, str]) -> None:
        draft = self.path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with open(private_file(draft, os.O_EXCL), "w") as file:
            json.dump(known, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


def private_file(path: Path, flags: int) -> int:
    """Open a file that only the owner of its directory may read, root aside; answers the descriptor."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    if os.geteuid() == 0:  # else a start as root would lock out the ordinary user of this directory
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor
