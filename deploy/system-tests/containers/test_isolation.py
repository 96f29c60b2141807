"""What a container may not do, and what an image does not hold."""

import json
import re
from pathlib import Path

import pytest
from containers.composed import RUNNING, SERVICES
from containers.docker import compose_command, docker, inspect, run
from running import REPOSITORY

BASE = "python:3.13-slim-bookworm"
MAX_BYTES = 250 * 1000 * 1000
ONCE = ("secrets", "databases", *(f"{service}-migrate" for service in SERVICES), "sample-people", "sample-lapses")
OURS = ("mailbox", *(service for service in RUNNING if service not in ("database", "mailbox", "gateway")))
CAPABILITIES_TO_START = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}


def image_of(service):
    return f"pause-notices/{service}:local"


def processes(container):
    """The kernel's word on every process: user ids, capabilities, whether new privileges can be had."""
    listed = docker("exec", container, "sh", "-c", "cat /proc/[0-9]*/status")
    blocks = re.split(r"^(?=Name:)", listed, flags=re.MULTILINE)[1:]
    return [dict(line.split(":\t", 1) for line in block.splitlines() if ":\t" in line) for block in blocks]


@pytest.mark.parametrize("service", RUNNING)
def test_no_container_is_root_or_has_or_can_get_privileges(stack, service):
    found = processes(stack.container(service))

    asked = [one for one in found if one["Name"] not in ("cat", "sh")] if service == "database" else found
    assert asked
    for process in asked:
        assert "0" not in process["Uid"].split(), process["Name"]
        assert int(process["CapEff"], 16) == int(process["CapPrm"], 16) == 0
        assert process["NoNewPrivs"] == "1"


@pytest.mark.parametrize("service", ONCE)
def test_what_runs_once_is_not_root_either(stack, service):
    assert inspect(stack.container(service))["Config"]["User"] == "10001:10001"


@pytest.mark.parametrize("service", [*RUNNING, *ONCE])
def test_the_engine_enforces_them_too(stack, service):
    host = inspect(stack.container(service))["HostConfig"]

    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert {name.removeprefix("CAP_") for name in host["CapAdd"] or ()} <= (
        CAPABILITIES_TO_START if service == "database" else set()
    )
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Memory"] > 0
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    assert not host["Privileged"]


@pytest.mark.parametrize("service", [*OURS, "gateway"])
def test_only_tmp_can_be_written_to(stack, service):
    places = "/ /etc /usr /venv /run /run/secrets /var/tmp /home /dev"
    attempt = f"for place in {places}; do touch $place/x 2>&1; done; touch /tmp/x"

    refusals = docker("exec", stack.container(service), "sh", "-c", attempt).splitlines()

    assert len(refusals) == len(places.split()), refusals


def test_only_the_data_directory_and_tmp_can_be_written_to_by_the_database(stack):
    mounts = inspect(stack.container("database"))["Mounts"]

    assert {mount["Destination"] for mount in mounts if mount["RW"]} == {"/var/lib/postgresql"}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_small_and_cannot_install_or_build(stack, service):
    image = inspect(image_of(service))
    tools = "command -v pip pip3 gcc cc make apt-key uv; python -c 'import pip' 2>/dev/null && echo pip; true"

    assert image["Size"] - inspect(BASE)["Size"] < MAX_BYTES
    assert image["Config"]["User"] == "10001:10001"
    assert image["Config"]["Healthcheck"]["Test"][0] == "CMD"
    assert image["Config"]["Entrypoint"] == ["service"]
    assert docker("run", "--rm", "--network=none", "--entrypoint=sh", image_of(service), "-c", tools) == ""


@pytest.mark.parametrize("name", [*SERVICES, "trial"])
def test_no_secret_is_in_a_layer_or_in_what_the_engine_shows(stack, name, tmp_path):
    """Of this system's secrets, and nothing that looks like one: everything an image adds to its base is read."""
    archive = tmp_path / "image.tar"
    docker("save", "--output", str(archive), image_of(name))
    content = archive.read_bytes()
    shown = docker("history", "--no-trunc", image_of(name)) + json.dumps(inspect(image_of(name)))

    for secret in secrets_of(stack):
        assert secret not in content
        assert secret.decode() not in shown
    kinds = "--include=*.pem --include=*.key --include=*.json --include=*.env"
    private = f"grep -rlE {kinds} 'PRIVATE KEY|\"d\":' /venv /app /tmp; true"
    found = docker("run", "--rm", "--network=none", "--entrypoint=sh", image_of(name), "-c", private)
    assert found == ""


@pytest.mark.parametrize("service", RUNNING)
def test_the_environment_that_the_engine_shows_holds_no_secret(stack, service):
    shown = json.dumps(inspect(stack.container(service)))

    assert not [secret for secret in secrets_of(stack) if secret.decode() in shown]


def secrets_of(stack):
    """Every password, and a line out of every private key."""
    originals = Path(stack.data) / "secrets" / "originals"
    passwords = [path.read_bytes() for path in originals.glob("*.password")]
    keys = [path.read_bytes().splitlines()[1] for path in originals.rglob("*.pem")]
    files = [json.loads((originals / "keys" / name).read_text()) for name in ("reasons.json", "notes.json")]
    encryption = [key.encode() for file in files for key in file["keys"].values()]
    assert len(passwords) >= 4
    assert len(keys) >= 3
    assert len(set(encryption)) == 2
    return [*passwords, *keys, *encryption]


@pytest.mark.parametrize("service", [*OURS, "gateway"])
def test_a_container_holds_no_secret_of_another(stack, service):
    mounted = [mount for mount in inspect(stack.container(service))["Mounts"] if mount["Type"] == "volume"]

    owner = service.rpartition("-")[0] or service
    assert {mount["Name"].partition("_")[2] for mount in mounted} <= {f"{owner}-secrets", "mails"}


def test_only_the_gateway_is_published():
    """Without the tests' override, that is."""
    project = "published-nothing"
    shown = run(["sh", "-c", f"COMPOSE_PROJECT_NAME={project} {' '.join(compose_command())} config"], cwd=REPOSITORY)

    services = re.split(r"^  (?=\S)", shown.partition("services:")[2], flags=re.MULTILINE)
    publishing = {block.partition(":")[0] for block in services if re.search(r"^ {4}ports:", block, flags=re.MULTILINE)}
    assert publishing == {"gateway"}
