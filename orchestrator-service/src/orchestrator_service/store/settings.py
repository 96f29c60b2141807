"""The settings of organisations: six members in the directory's columns, the others in a document of their own."""

import dataclasses
from collections.abc import Mapping
from datetime import time
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator_service.domain.settings import OrganisationSettings, Settings

from .tables import OrganisationRow, OrganisationSettingsRow

_IN_DIRECTORY = ("locale", "time_zone", "mentor_word", "coordinator_word", "tell_all_coordinators")
_NAMES = [field.name for field in dataclasses.fields(Settings)]
_TIMES = ("send_time", "quiet_from", "quiet_until")


def get(session: Session, organisation_id: str, *, for_update: bool = False) -> OrganisationSettings | None:
    """None for an unknown organisation. With `for_update` the organisation is held until the transaction ends."""
    query = select(OrganisationRow).where(OrganisationRow.id == organisation_id)
    row = session.scalar(query.with_for_update() if for_update else query)
    if row is None:
        return None
    own = session.get(OrganisationSettingsRow, organisation_id)
    values = {**{name: getattr(row, name) for name in _IN_DIRECTORY}, **_read(own.document if own else {})}
    if own is None:
        return OrganisationSettings(organisation_id=organisation_id, settings=Settings(**values))
    return OrganisationSettings(
        organisation_id=organisation_id,
        settings=Settings(**values),
        revision=own.revision,
        settings_since=own.settings_since,
        updated_at=own.updated_at,
        updated_by=own.updated_by,
    )


def save(session: Session, changed: OrganisationSettings) -> None:
    """Store all members."""
    values = {name: getattr(changed.settings, name) for name in _NAMES}
    directory = {name: values.pop(name) for name in _IN_DIRECTORY}
    session.execute(update(OrganisationRow).where(OrganisationRow.id == changed.organisation_id).values(directory))
    row = {
        "document": {name: value.isoformat() if name in _TIMES else value for name, value in values.items()},
        "revision": changed.revision,
        "settings_since": changed.settings_since,
        "updated_at": changed.updated_at,
        "updated_by": changed.updated_by,
    }
    query = insert(OrganisationSettingsRow).values(organisation_id=changed.organisation_id, **row)
    session.execute(query.on_conflict_do_update(index_elements=["organisation_id"], set_=row))


def _read(document: Mapping[str, Any]) -> dict[str, Any]:
    """The members as Python has them. Unknown ones, of a later release, are left out."""
    found = {name: value for name, value in document.items() if name in _NAMES}
    lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return {**found, **lists, **{name: time.fromisoformat(found[name]) for name in _TIMES if name in found}}
