"""Which service a path belongs to, and which paths have no service."""

import json
from pathlib import Path

import pytest
from routes import AUDIT, LAPSES, NOTICES, PAUSES, route_for

REPOSITORY = Path(__file__).parents[3]


def service_for(target):
    route = route_for(target)
    return route and route.service


@pytest.mark.parametrize("base", [PAUSES, PAUSES + PAUSES])
@pytest.mark.parametrize("notice", NOTICES)
def test_the_four_notices_belong_to_the_notification_service(base, notice):
    assert service_for(f"{base}/{notice}") == "notification"
    assert service_for(f"{base}/{notice}?wait=1") == "notification"


@pytest.mark.parametrize("service", ["orchestrator", "notification", "acknowledgement"])
def test_every_documented_operation_is_routed_to_its_service_unless_it_is_internal(service):
    document = json.loads((REPOSITORY / f"{service}-service" / "contract" / "openapi.json").read_text())
    del document["paths"][AUDIT]  # each service has one; at this address it is the orchestrator's

    for path, item in document["paths"].items():
        route = route_for(path.replace("{", "").replace("}", ""))
        methods = {method.upper() for method in item} & {"GET", "POST", "PUT", "DELETE"}
        if path.startswith("/internal/"):
            assert route is None, path
        else:
            found = route and (route.service, methods - set(route.methods))
            assert found == (service, set()), path


def test_nginx_has_the_same_notices():
    """Docker or not: what both answer to each request is compared where there is Docker."""
    configuration = (REPOSITORY / "deploy" / "gateway" / "nginx.conf").read_text()

    assert configuration.count(f"{{1,2}}/({'|'.join(NOTICES)})(/|$)") == 2


@pytest.mark.parametrize("base", [PAUSES, PAUSES + PAUSES])
@pytest.mark.parametrize("rest", ["", "?page=1&limit=2", "/pn_8a1b2c3d4e5f", "/resolve-coordinator/pm_551e8400", "/"])
def test_other_pause_notifications_belong_to_the_orchestrator(base, rest):
    assert service_for(base + rest) == "orchestrator"


@pytest.mark.parametrize("base", [LAPSES, LAPSES + LAPSES])
@pytest.mark.parametrize("rest", ["", "?coordinator_id=a%20b", "/d4e5f6a7-b8c9-0123-defa-234567890123"])
def test_lapse_acknowledgements_belong_to_the_acknowledgement_service(base, rest):
    assert service_for(base + rest) == "acknowledgement"


@pytest.mark.parametrize(
    ("target", "service"),
    [
        (AUDIT, "orchestrator"),
        (f"{AUDIT}?limit=200", "orchestrator"),
        (PAUSES + AUDIT, "orchestrator"),
        (f"{AUDIT}/notification", "notification"),
        (f"{PAUSES}{AUDIT}/notification?page=2", "notification"),
        (f"{AUDIT}/acknowledgement", "acknowledgement"),
        (LAPSES + AUDIT, "acknowledgement"),
        (f"{LAPSES}{AUDIT}/acknowledgement", "acknowledgement"),
        (f"{AUDIT}-trail", None),
    ],
)
def test_each_service_s_audit_log_has_an_address_of_its_own(target, service):
    assert service_for(target) == service


def test_a_character_may_be_percent_encoded():
    assert service_for("/api/v1/%70ause-notifications/pause%2Dactivated") == "notification"
    assert service_for(f"{PAUSES}/resolve-coordinator/k%C3%A5re") == "orchestrator"


def test_a_notice_s_name_must_be_whole():
    assert service_for(f"{PAUSES}/cert-expiry-reminders") == "orchestrator"


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "*",
        "",
        "localhost:80",
        "/internal/v1/contacts",
        "/%69nternal/v1/contacts",
        "//internal/v1/contacts",
        f"{PAUSES}/../../../internal/v1/contacts",
        f"{PAUSES}/%2e%2e/%2E%2E/../internal/v1/contacts",
        f"{PAUSES}/..%2f..%2f..%2finternal",
        f"{PAUSES}/./x",
        f"{PAUSES}//x",
        f"/{PAUSES}",
        f"{PAUSES};x/../../../internal",
        f"{PAUSES}%3Bx",
        f"{PAUSES}/..\\..\\internal",
        f"{PAUSES}/%5c..%5cinternal",
        f"{PAUSES}/%252e%252e/internal",
        f"{PAUSES}/x%00",
        f"{PAUSES}/x%0d%0aHost:%20y",
        f"{PAUSES}#/../../internal",
        f"{PAUSES}-of-others",
        "/api/v1/pause-notification",
        "/API/v1/pause-notifications",
        "/readyz",
        "/metrics",
        "/openapi.json",
    ],
)
def test_all_other_paths_have_no_service(target):
    assert service_for(target) is None
