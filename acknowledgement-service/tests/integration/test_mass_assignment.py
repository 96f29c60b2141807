"""Members that only the service may set are refused with 422 and change nothing."""

from uuid import uuid4

import pytest
from acknowledgement_service.usecases.lapses import Lapses
from flask import Flask
from flask.testing import FlaskClient
from shared_lib_testing.postgres import Addresses, contents_of

from ..builders import an_opening

BASE = "/api/v1/lapse-acknowledgements"
OURS = {
    "id": str(uuid4()),
    "acknowledgement_id": str(uuid4()),
    "organisation": "nhf",
    "organisation_id": "nhf",
    "mentor_id": "mentor-042",
    "expiry_date": "2030-01-01T00:00:00Z",
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "acknowledged_by": "root",
    "status": "closed",
    "version": 9,
    "role": "global_admin",
    "roles": ["global_admin"],
    "is_trusted": True,
    "deleted": True,
    "__proto__": {"role": "global_admin"},
}
OF_POST = {"is_acknowledged": False, "acknowledged_at": "2026-03-26T15:30:00Z", "coordinator_notes": "x"}
OF_PUT = {"notification_id": str(uuid4()), "coordinator_id": "root"}


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        *(("acknowledge", name) for name in (*OURS, *OF_POST)),
        *(("change", name) for name in (*OURS, *OF_PUT)),
        *(("open", name) for name in OURS if name not in ("mentor_id", "organisation_id", "expiry_date")),
        *(("open", name) for name in (*OF_POST, *OF_PUT)),
    ],
)
def test_a_member_that_the_service_sets_is_refused(
    operation: str, name: str, app: Flask, as_service: dict[str, str], addresses: Addresses
) -> None:
    lapses: Lapses = app.extensions["lapses"]
    lapse = lapses.open(an_opening(), by="notification-service").lapse
    before, client = contents_of(addresses.everything), app.test_client()
    method, path, valid = {
        "acknowledge": (
            "POST",
            BASE,
            {"notification_id": str(lapse.notification_id), "coordinator_id": lapse.coordinator_id},
        ),
        "change": ("PUT", f"{BASE}/{lapse.id}", {"is_acknowledged": True}),
        "open": (
            "PUT",
            f"/internal/v1/lapses/{uuid4()}/kim",
            {"mentor_id": "m", "organisation_id": "lhl", "expiry_date": "2026-04-01T00:00:00Z"},
        ),
    }[operation]

    for value in ({**OURS, **OF_POST, **OF_PUT}[name], None):
        answer = client.open(path, method=method, json={**valid, name: value}, headers=as_service)
        assert answer.status_code == 422
        assert list(answer.json["errors"]) == [name]
    assert contents_of(addresses.everything) == before


@pytest.mark.parametrize("query", ["organisation_id=lhl", "organisation=lhl", "role=global_admin", "notes=x"])
def test_an_unknown_query_parameter_is_422(query: str, client: FlaskClient) -> None:
    assert client.get(f"{BASE}?{query}").status_code == 422
