"""With what rights a container that runs reaches its database: asked with the address that it was given."""

import json

import pytest
from containers.composed import RELAYS, SERVICES
from containers.docker import docker

ASKING = """
import json, sys
from pathlib import Path
import psycopg
with psycopg.connect(Path("/run/secrets/database-url").read_text()) as connection:
    print(json.dumps(connection.execute(sys.argv[1]).fetchall(), default=str))
"""
MYSELF = """
SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
FROM pg_roles WHERE rolname = current_user
"""
WALLED = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relforcerowsecurity AND relkind IN ('r', 'p')
"""
PROCESSES = (*(f"{service}-web" for service in SERVICES), *RELAYS)
HOLDS_THE_SAMPLE = {"orchestrator": "person", "notification": "contact", "acknowledgement": "lapse"}


def asked(stack, process, statement):
    """The rows that this container's own connection sees."""
    return json.loads(docker("exec", stack.container(process), "python", "-c", ASKING, statement))


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_the_app_role_and_has_no_power_and_no_table(stack, process):
    service = process.rpartition("-")[0]

    assert asked(stack, process, MYSELF) == [[f"{service}_app", False]]
    owners = asked(stack, process, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners == [[f"{service}_owner"]]
    assert asked(stack, process, "SELECT has_schema_privilege('public', 'CREATE')") == [[False]]


@pytest.mark.parametrize("service", SERVICES)
def test_without_an_organisation_a_process_sees_no_row(stack, service):
    walled = [name for (name,) in stack.query(service, WALLED)]
    every_row = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in walled)  # noqa: S608 - the catalogue's own names

    there = {name: int(count) for name, count in stack.query(service, every_row)}
    assert there[HOLDS_THE_SAMPLE[service]] > 0
    assert dict(asked(stack, f"{service}-web", every_row)) == dict.fromkeys(walled, 0)


@pytest.mark.parametrize("service", SERVICES)
def test_no_role_of_a_service_reaches_the_database_of_another(stack, service):
    roles = [f"{service}_{kind}" for kind in ("owner", "app", "read")]
    ask = "SELECT rolname, datname FROM pg_roles, pg_database WHERE has_database_privilege(rolname, datname, 'CONNECT')"
    chosen = (
        f"{ask} AND rolname LIKE '{service}\\_%' AND datname IN ('orchestrator', 'notification', 'acknowledgement')"
    )

    assert sorted(stack.query(service, chosen)) == sorted([role, service] for role in roles)
