"""Alerts and dashboards use metrics that the services export, and runbook sections that exist."""

import json
import re
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY, Metric
from prometheus_client.parser import text_string_to_metric_families
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.web.app import close_app
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.postgres import PostgresServer, database_for
from variables import SERVICES

DEPLOY = Path(__file__).parents[1]
OBSERVABILITY = DEPLOY / "observability"
RULES = yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
DASHBOARDS = sorted((OBSERVABILITY / "dashboards").glob("*.json"))
_NAME = re.compile(r"\b([a-z]+(?:_[a-z]+)+)\b(?=\s*[{\[)]|\s*$|\s+[=<>])|\b(up)\b")
OF_PROMETHEUS = {"up"}
APPS = {"orchestrator": "app.web", "notification": "app.web", "acknowledgement": "app"}
"""The module of each service that has `create_app`."""


def _migrate(service: str, dsn: str) -> None:
    database = Database.open(dsn, pool_size=1)
    migrate(
        database,
        import_module(f"{service}_service.app").MIGRATIONS,
        import_module(f"{service}_service.store.tables").GRANTS,
    )
    database.close()


@pytest.fixture(scope="module")
def environments(
    postgres_server: PostgresServer, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """The settings of each service, with a migrated database of its own."""
    keys = tmp_path_factory.mktemp("keys") / "reasons.json"
    keys.write_text(json.dumps({"current": "k", "keys": {"k": "a" * 43 + "="}}))
    found = {}
    for service in SERVICES:
        seen = database_for(postgres_server, f"{service}_seen", lambda dsn, s=service: _migrate(s, dsn), prefix=service)
        found[service] = {
            **import_module(f"{service}_service.__main__").UNUSED,
            **issuer.environ(DATABASE_URL=seen.app),
            "REASON_ENCRYPTION_KEYS": str(keys),
            "NOTE_ENCRYPTION_KEYS": str(keys),
        }
    return found


def metrics_of(service: str, environ: dict[str, str]) -> list[Metric]:
    """A real `/metrics`."""
    config = import_module(f"{service}_service.config").Config.from_env(environ)
    app = import_module(f"{service}_service.{APPS[service]}").create_app(config)
    with app.test_client() as client:
        client.get("/livez")
        text = client.get("/metrics").text
    close_app(app)
    return list(text_string_to_metric_families(text))


@pytest.fixture(scope="module")
def samples(environments: dict[str, dict[str, str]]) -> set[str]:
    """The names of all samples in the `/metrics` of the three services."""
    found: set[str] = set()
    for service, environ in environments.items():
        for family in metrics_of(service, environ):
            found |= {family.name, *(sample.name for sample in family.samples)}
    declared = {name for family in REGISTRY.collect() for name in (family.name, f"{family.name}_total")}
    histograms = {f"{family.name}_bucket" for family in REGISTRY.collect() if family.type == "histogram"}
    return found | declared | histograms


def names_in(expression: str) -> set[str]:
    """The metrics of a PromQL expression: words followed by a selector, a range, a bracket, a comparison or nothing."""
    without = re.sub(r'"[^"]*"', '""', expression)
    without = re.sub(r"\b(?:by|on|without)\s*\([^)]*\)", "", without)
    without = re.sub(r"label_values\(([^,]+),[^)]*\)", r"\1 ", without)
    without = re.sub(r"\b[a-z_]+\(", "(", without)
    return {match[1] or match[2] for match in _NAME.finditer(without)}


def expressions(dashboard: Path) -> Iterator[str]:
    board = json.loads(dashboard.read_text())
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (v["query"]["query"] for v in board["templating"]["list"] if v["type"] == "query")


def test_the_names_in_an_expression_are_found() -> None:
    expression = 'sum by (job, kind) (rate(outbox_attempts_total{outcome=~"dead|x"}[5m])) / up > max(lapses_open) == 1'
    assert names_in(expression) == {"outbox_attempts_total", "up", "lapses_open"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_speaks_of_metrics_that_exist(alert: dict[str, str], samples: set[str]) -> None:
    names = names_in(alert["expr"])
    assert names
    assert names <= samples | OF_PROMETHEUS


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_shows_metrics_that_exist(dashboard: Path, samples: set[str]) -> None:
    for expression in expressions(dashboard):
        names = names_in(expression)
        assert names, expression
        assert names <= samples, expression


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_have_ids_and_places_of_their_own(dashboard: Path) -> None:
    panels = json.loads(dashboard.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_has_a_section_in_the_runbook(alert: dict[str, dict[str, str]]) -> None:
    place, anchor = alert["annotations"]["runbook_url"].split("#")
    headings = re.findall(r"^### (.+)$", (DEPLOY.parent / place).read_text(), re.MULTILINE)
    assert anchor in [heading.lower() for heading in headings]
    assert anchor == str(alert["alert"]).lower()


def test_every_alert_is_tested_firing() -> None:
    tests = yaml.safe_load((OBSERVABILITY / "alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {alert["alert"] for alert in ALERTS}


DAILY = [
    (service, command) for service in SERVICES for command in import_module(f"{service}_service.__main__").SERVICE.daily
]


@pytest.mark.parametrize(("service", "command"), DAILY)
def test_the_success_of_a_daily_command_is_seen(
    environments: dict[str, dict[str, str]], service: str, command: str
) -> None:
    environ, main = environments[service], import_module(f"{service}_service.__main__").main

    def last_success() -> float:
        (value,) = (
            sample.value
            for family in metrics_of(service, environ)
            for sample in family.samples
            if sample.name == "daily_command_last_success_timestamp_seconds" and sample.labels["command"] == command
        )
        return value

    assert last_success() == 0.0
    assert main([*command.split(), "--help"], environ) == 0
    assert last_success() == 0.0
    begun = time.time()
    assert main(command.split(), environ) == 0
    assert last_success() >= begun - 0.001
