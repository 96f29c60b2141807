"""What the news about mentors does to their lapses: a certification closes them, a new coordinator takes them over."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.privacy.encryption import FieldCipher

from acknowledgement_service.domain.model import Act, CertificationNews, LapseNotFound, Reassignment
from acknowledgement_service.store import lapses

from .lapses import save_changes


@dataclass(frozen=True, kw_only=True)
class News:
    """Idempotent and ordered by version: repeated or older news changes nothing. `by` is the service that tells it."""

    database: Database
    cipher: FieldCipher
    clock: Clock

    def certification(self, news: CertificationNews, *, by: str) -> Mapping[str, int]:
        """Commit the news with its effects; returns how many lapses were closed and reopened."""
        at, acts, older = self.clock(), list[Act](), False
        with self.database.begin(tenant(news.organisation_id)) as session:
            if lapses.put_certification(session, news):
                for before in lapses.lock_of_mentor(session, news.mentor_id):
                    after = before.after(news, at=at.replace(microsecond=0))
                    acts += save_changes(session, self.cipher, before, after, actor_id=by, at=at)
            else:
                older = lapses.has_newer(session, news)
        counts = {"closed": acts.count(Act.CLOSED), "reopened": acts.count(Act.REOPENED), "withdrawn": 0}
        return {**counts, "older": int(older)}

    def reassignment(self, news: Reassignment, *, by: str) -> Mapping[str, int]:
        """Commit who is responsible now; returns whether an open lapse has a new coordinator, and whether newer news is
        stored. Raises LapseNotFound.

        If the coordinator already has a lapse of this notification, the others stay.
        """
        acts = 0
        with self.database.begin(tenant(news.organisation_id)) as session:
            known = lapses.of_notification(session, news.notification_id, locking=True)
            if not known:
                raise LapseNotFound
            theirs = [lapse for lapse in known if lapse.coordinator_id == news.coordinator_id]
            for before in theirs or known:
                after = before.reassigned(news)
                acts += len(save_changes(session, self.cipher, before, after, actor_id=by, at=self.clock()))
        is_older = any(lapse.coordinator_version > news.version for lapse in theirs or known)
        return {"reassigned": acts > 0 and news.coordinator_id is not None, "older": int(is_older)}
