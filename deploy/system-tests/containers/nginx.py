"""The gateway of production, in front of whatever a test puts behind it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from containers.docker import run
from running import REPOSITORY, eventually
from testcontainers.core.container import DockerContainer

IMAGE = "nginx:1.28-bookworm"
HOST = "services.test"


@contextmanager
def gateway_in_front_of(upstreams: Mapping[str, int], directory: Path) -> Iterator[int]:
    """The port of nginx in front of these ports of this machine. Its certificate is put into the directory."""
    secrets = _certificate(directory / "gateway-secrets")
    named = " ".join(f"{service}={HOST}:{port}" for service, port in upstreams.items())
    container = (
        DockerContainer(
            IMAGE,
            entrypoint=["sh", "/gateway/serve.sh"],
            user="10001:10001",
            read_only=True,
            cap_drop=["ALL"],
            extra_hosts={HOST: "host-gateway"},
        )
        .with_tmpfs_mount("/tmp")  # noqa: S108 - inside the container
        .with_env("UPSTREAMS", named)
        .with_volume_mapping(str(REPOSITORY / "deploy" / "gateway"), "/gateway")
        .with_volume_mapping(str(secrets), "/run/secrets")
        .with_exposed_ports(8080)
    )
    with container:
        eventually(lambda: _answers(container), within=20)
        yield int(container.get_exposed_port(8080))


def _certificate(directory: Path) -> Path:
    directory.mkdir()
    directory.chmod(0o755)
    files = ["-keyout", str(directory / "tls.key"), "-out", str(directory / "tls.crt")]
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1", *files])
    (directory / "tls.key").chmod(0o644)
    return directory


def _answers(container: DockerContainer) -> bool:
    probe = "exec 3<>/dev/tcp/127.0.0.1/8081"
    return bool(container.exec(["bash", "-c", probe]).exit_code == 0)
