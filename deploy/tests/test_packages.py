"""Each package declares the distributions that it imports, so that `pip check` reports a missing one."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared-lib", "orchestrator-service", "notification-service", "acknowledgement-service")
NOT_IMPORTED = {"tzdata", "shared-lib"}
"""`zoneinfo` of the standard library reads tzdata."""
OURS = {"shared_lib", "orchestrator_service", "notification_service", "acknowledgement_service"}
TYPES_ONLY = {"_typeshed"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared_by(package: str) -> set[str]:
    project = tomllib.loads((ROOT / package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [requirement for group in project.get("optional-dependencies", {}).values() for requirement in group]
    return {
        canonical(found.group())
        for requirement in [*project["dependencies"], *extras]
        if (found := re.match(r"[A-Za-z0-9._-]+", requirement))
    }


def imported_by(package: str) -> set[str]:
    """The top-level modules that the wheel's code imports, without the standard library and ours."""
    found = set()
    for path in (ROOT / package / "src" / package.replace("-", "_")).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - OURS - TYPES_ONLY


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_is_declared(package: str) -> None:
    distributions = packages_distributions()
    declared = declared_by(package)
    missing = {
        module
        for module in imported_by(package)
        if not {canonical(name) for name in distributions.get(module, [])} & declared
    }
    assert missing == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_declared_distribution_is_imported(package: str) -> None:
    distributions = packages_distributions()
    imported = {canonical(name) for module in imported_by(package) for name in distributions.get(module, [])}
    assert declared_by(package) - imported - NOT_IMPORTED == set()
