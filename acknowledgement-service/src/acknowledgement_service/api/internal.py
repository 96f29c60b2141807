"""Operations for the notification service: opening, moving and closing lapses, and a person's data.

The gateway does not route them.
"""

from typing import Any
from uuid import UUID

from flask import current_app
from shared_lib.web.auth import current_principal, service_only
from shared_lib.web.json_input import Blueprint

from acknowledgement_service.domain.model import CertificationNews, Opening, Reassignment
from acknowledgement_service.usecases.lapses import Lapses
from acknowledgement_service.usecases.news import News
from acknowledgement_service.usecases.person_data import PersonData

from . import schemas

blp = Blueprint("internal", __name__, url_prefix="/internal/v1", description="For our other services")


@blp.put("/lapses/<uuid:notification_id>/<identifier:coordinator_id>")
@service_only
@blp.arguments(schemas.OpeningSchema)
@blp.alt_response(200, schema=schemas.LapseSchema, description="Opened earlier; unchanged")
@blp.response(201, schemas.LapseSchema)
def open_lapse(body: dict[str, Any], notification_id: UUID, coordinator_id: str) -> Any:
    """Open the lapse of a notification and coordinator

    A repeat answers the first record. A lapse that was deleted stays so: 410.
    """
    opening = Opening(notification_id=notification_id, coordinator_id=coordinator_id, **body)
    lapses: Lapses = current_app.extensions["lapses"]
    outcome = lapses.open(opening, by=current_principal().subject)
    return outcome.lapse, 201 if outcome.is_new else 200


@blp.get("/lapses/<uuid:notification_id>")
@service_only
@blp.response(200, schemas.LapseStateSchema)
def get_state(notification_id: UUID) -> Any:
    """Get the state of the lapse of a notification"""
    lapses: Lapses = current_app.extensions["lapses"]
    return lapses.of_notification(notification_id)


@blp.put("/lapses/<uuid:notification_id>/coordinator")
@service_only
@blp.arguments(schemas.ReassignmentSchema)
@blp.response(200, schemas.ReassignedSchema)
def reassign(body: dict[str, Any], notification_id: UUID) -> Any:
    """Let an open lapse follow its mentor to another coordinator

    An acknowledged or closed lapse keeps its coordinator. An older or repeated version changes nothing.
    """
    news = Reassignment(notification_id=notification_id, **body)
    return _news().reassignment(news, by=current_principal().subject)


@blp.put("/certifications/<identifier:mentor_id>")
@service_only
@blp.arguments(schemas.CertificationSchema)
@blp.response(200, schemas.CertificationOutcomeSchema)
def put_certification(body: dict[str, Any], mentor_id: str) -> Any:
    """Close the lapses that a mentor's present certification outdates

    A renewal that is taken back gives them the state before. An older or repeated version changes nothing.
    """
    return _news().certification(CertificationNews(mentor_id=mentor_id, **body), by=current_principal().subject)


@blp.get("/people/<identifier:person_id>")
@service_only
@blp.response(200, schemas.PersonExportSchema)
def export_person(person_id: str) -> Any:
    """Export everything that is stored about a person"""
    return {"acknowledgement": _person_data().export(person_id)}


@blp.delete("/people/<identifier:person_id>")
@service_only
@blp.response(200, schemas.PersonErasureSchema)
def erase_person(person_id: str) -> Any:
    """Erase a person's notes and keys; ids, codes and times stay

    May be repeated.
    """
    return {"acknowledgement": _person_data().erase(person_id)}


def _news() -> News:
    found: News = current_app.extensions["news"]
    return found


def _person_data() -> PersonData:
    found: PersonData = current_app.extensions["person_data"]
    return found
