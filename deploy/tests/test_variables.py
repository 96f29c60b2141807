"""The table of variables matches the code, and every service's README explains the variables that it reads."""

from importlib import import_module

import pytest
from variables import README, SERVICES, asked_by, asked_of_the_process, explained_by, variables, with_table

OF_ITS_LIBRARIES = {"PROMETHEUS_MULTIPROC_DIR"}
"""Set by our own code for a library, never by operations."""


def test_the_table_is_as_the_code_says() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_table(text) == text, "run `make variables`"


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_that_a_service_reads_is_explained_and_no_other(service: str) -> None:
    explained = set(explained_by(service))
    assert asked_by(service) <= explained
    assert explained <= asked_by(service) | asked_of_the_process()


def test_what_every_process_reads_is_explained() -> None:
    assert asked_of_the_process() - OF_ITS_LIBRARIES <= {variable.name for variable in variables()}


def test_every_variable_has_a_default_or_is_called_required() -> None:
    assert all(variable.default for variable in variables())


OPTIONAL = {"METRICS_BIND", "PORTAL_URL", "PUSH_URL", "DATABASE_OWNER_URL"}
"""Each of these only adds something: nothing guards a service by them."""


@pytest.mark.parametrize("service", SERVICES)
def test_an_empty_variable_ends_a_web_process_with_its_name(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    main, unused = (getattr(import_module(f"{service}_service.__main__"), name) for name in ("main", "UNUSED"))
    names = asked_by(service) - OPTIONAL
    assert {"JWT_ISSUER", "RATE_LIMIT_PRINCIPAL", "LISTEN_ADDRESS"} <= names

    for name in sorted(names):
        assert main(["web"], {**unused, name: ""}) == 2, name
        assert f"Settings: {name} is empty" in capsys.readouterr().err
