"""The images of docker-compose.yml. `make test-containers` tests the running containers."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("pause-notices/")}


def test_each_image_is_built_once() -> None:
    """Two builds of one name at the same time fail on an engine that has none of that name yet."""
    built = Counter(service["image"] for service in SERVICES.values() if "build" in service)

    assert built == dict.fromkeys((service["image"] for service in OURS.values()), 1)


def test_our_names_are_never_asked_of_a_registry() -> None:
    assert {service.get("pull_policy") for service in OURS.values()} == {"never"}


def test_an_image_is_built_before_the_services_that_run_it() -> None:
    """docker-compose 1.29 builds in the order of `depends_on`, and would fetch what is not there yet."""

    def needed(name: str) -> set[str]:
        before = set(SERVICES[name].get("depends_on", ()))
        return before.union(*(needed(other) for other in before))

    builders = {service["image"]: name for name, service in OURS.items() if "build" in service}
    for name, service in OURS.items():
        if "build" not in service and "profiles" not in service:
            assert builders[service["image"]] in needed(name), name


@pytest.mark.parametrize("name", OURS)
def test_an_empty_variable_reaches_the_service_that_refuses_it(name: str) -> None:
    assert [value for value in OURS[name].get("environment", {}).values() if ":-" in str(value)] == []


@pytest.mark.parametrize("service", ["orchestrator", "notification", "acknowledgement"])
def test_the_daily_commands_of_each_service_run(service: str) -> None:
    schedule, web = SERVICES[f"{service}-schedule"], SERVICES[f"{service}-web"]

    assert schedule["command"] == ["schedule"]
    assert schedule["restart"] == "unless-stopped"
    assert schedule["environment"] == web["environment"]
