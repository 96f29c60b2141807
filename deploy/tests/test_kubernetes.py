"""The manifests: valid for the API, at one with the code, and as narrow as they claim to be."""

import contextlib
import io
from importlib import import_module

import kubernetes_validate
import pytest
from variables import SERVICES, asked_by, asked_of_the_process

from .rendering import KUBERNETES, Manifest, containers, one, pod, read, render

BASE = render(KUBERNETES / "base")
EXAMPLE = render(KUBERNETES / "overlays" / "example")
WORKLOADS = [manifest for manifest in BASE if pod(manifest)]
PLACEHOLDER = "192.0.2."


def name_of(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def service_of(manifest: Manifest) -> str:
    found: str = manifest["metadata"]["labels"]["app.kubernetes.io/name"]
    return found


def labels_of(manifest: Manifest) -> dict[str, str]:
    template = pod(manifest)
    assert template is not None
    return dict(template["metadata"]["labels"])


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    simple = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return simple and all(labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", []))


@pytest.mark.parametrize("manifest", [*BASE, *EXAMPLE], ids=name_of)
def test_the_api_takes_every_manifest(manifest: Manifest) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("manifest", WORKLOADS, ids=name_of)
def test_every_variable_that_is_set_is_read_and_every_required_one_is_set(manifest: Manifest) -> None:
    service = service_of(manifest)
    (container,) = containers(manifest)
    given = {variable["name"] for variable in container["env"]}
    for source in container["envFrom"]:
        given |= set(one(BASE, "ConfigMap", source["configMapRef"]["name"])["data"])

    known = asked_by(service) | asked_of_the_process()
    assert given <= known, given - known
    required = set(import_module(f"{service}_service.__main__").UNUSED)
    assert {"DATABASE_URL", "JWT_JWKS", "JWT_ISSUER"} <= required
    if service == "orchestrator":
        required -= {"SERVICE_JWKS"}
    assert required <= given, required - given


@pytest.mark.parametrize("manifest", WORKLOADS, ids=name_of)
def test_every_command_exists(manifest: Manifest) -> None:
    (container,) = containers(manifest)
    main = import_module(f"{service_of(manifest)}_service.__main__").main
    with contextlib.redirect_stdout(io.StringIO()):
        assert main([*container["args"], "--help"], {}) == 0


@pytest.mark.parametrize("manifest", WORKLOADS, ids=name_of)
def test_pods_are_of_the_restricted_kind_and_bounded(manifest: Manifest) -> None:
    template = pod(manifest)
    assert template is not None
    spec, (container,) = template["spec"], containers(manifest)

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]["limits"]) == set(container["resources"]["requests"]) == {"cpu", "memory"}
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in spec["volumes"]}
    assert [name for name, mount in mounts.items() if not mount.get("readOnly")] == ["tmp"]


@pytest.mark.parametrize("manifest", WORKLOADS, ids=name_of)
def test_every_image_has_one_name(manifest: Manifest) -> None:
    (container,) = containers(manifest)
    assert container["image"] == f"pause-notices/{service_of(manifest)}:local"
    (released,) = containers(one(EXAMPLE, manifest["kind"], manifest["metadata"]["name"]))
    assert released["image"] == f"registry.example/pause-notices/{service_of(manifest)}:1.0.0"


def test_every_process_of_every_service_is_there() -> None:
    relays = [f"Deployment/{service}-relay" for service in ("orchestrator", "notification")]
    webs = [f"{kind}/{service}-web" for service in SERVICES for kind in ("Deployment", "HorizontalPodAutoscaler")]
    jobs = [f"Job/{service}-migrate" for service in SERVICES]
    daily = [f"CronJob/{service}-tidy" for service in SERVICES]
    assert {*relays, *webs, *jobs, *daily} <= {name_of(manifest) for manifest in BASE}
    assert all(one(BASE, "ConfigMap", name)["data"]["AUTH_MODE"] == "token" for name in SERVICES[1:])


@pytest.mark.parametrize("manifest", WORKLOADS, ids=name_of)
def test_selectors_and_budgets_find_their_pods(manifest: Manifest) -> None:
    if manifest["kind"] != "Deployment":
        return
    labels = labels_of(manifest)
    assert selects(manifest["spec"]["selector"], labels)
    assert selects(one(BASE, "PodDisruptionBudget", manifest["metadata"]["name"])["spec"]["selector"], labels)
    (container,) = containers(manifest)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    probes = [value for key, value in container.items() if key.endswith("Probe")]
    assert probes
    assert all(probe["httpGet"]["port"] in ports for probe in probes)
    bind = {variable["name"]: variable.get("value", "") for variable in container["env"]}
    assert {int(bind[name].rpartition(":")[2]) for name in ("LISTEN_ADDRESS", "METRICS_BIND") if name in bind} == set(
        ports.values()
    )


@pytest.mark.parametrize("service", SERVICES)
def test_services_lead_to_their_web_pods_alone(service: str) -> None:
    selector = {"matchLabels": one(BASE, "Service", service)["spec"]["selector"]}
    assert [name_of(m) for m in WORKLOADS if selects(selector, labels_of(m))] == [f"Deployment/{service}-web"]


def selected_by(selector: Manifest) -> set[str]:
    return {m["metadata"]["name"] for m in WORKLOADS if selects(selector, labels_of(m))}


def ways(direction: str, peer: str) -> set[tuple[str, str]]:
    """Which pods may speak to which, by one end of the network policies: (from, to) as names of workloads."""
    found = set()
    for policy in BASE:
        if policy["kind"] != "NetworkPolicy" or direction not in policy["spec"]:
            continue
        for rule in policy["spec"][direction]:
            for end in rule[peer]:
                if "podSelector" not in end or "namespaceSelector" in end:
                    continue
                inside, others = selected_by(policy["spec"]["podSelector"]), selected_by(end["podSelector"])
                pairs = {(a, b) for a in inside for b in others}
                found |= pairs if peer == "to" else {(b, a) for a, b in pairs}
    return found


def test_calls_run_from_left_to_right_only_and_both_ends_agree() -> None:
    neighbours = (("orchestrator", "notification"), ("notification", "acknowledgement"))
    expected = {(f"{a}-{role}", f"{b}-web") for a, b in neighbours for role in ("web", "relay")}
    assert ways("egress", "to") == ways("ingress", "from") == expected


def test_nothing_is_allowed_that_no_policy_names() -> None:
    assert one(BASE, "NetworkPolicy", "nobody")["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in [m for m in BASE if m["kind"] == "NetworkPolicy"]:
        for rule in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]:
            assert rule.get("ports"), name_of(policy)
            assert rule.get("from") or rule.get("to"), name_of(policy)


@pytest.mark.parametrize(
    ("policy", "pods"),
    [
        ("from-gateway", {f"{service}-web" for service in SERVICES}),
        ("to-issuer", {f"{service}-web" for service in SERVICES}),
        ("to-mail", {"notification-web", "notification-relay"}),
        ("to-push", {"notification-web", "notification-relay"}),
        ("to-databases", {workload["metadata"]["name"] for workload in WORKLOADS}),
    ],
)
def test_every_way_in_and_out_is_open_to_those_who_need_it_alone(policy: str, pods: set[str]) -> None:
    assert selected_by(one(BASE, "NetworkPolicy", policy)["spec"]["podSelector"]) == pods


def test_the_example_names_every_address_that_the_base_leaves_open() -> None:
    base = read(KUBERNETES / "base" / "outside-addresses.yaml")
    assert all(PLACEHOLDER in str(policy) for policy in base)
    assert PLACEHOLDER not in str(EXAMPLE)
    for policy in base:
        assert (
            one(EXAMPLE, "NetworkPolicy", policy["metadata"]["name"])["spec"]["podSelector"]
            == (policy["spec"]["podSelector"])
        )


def test_secrets_are_referenced_never_contained() -> None:
    assert [name_of(m) for m in [*BASE, *EXAMPLE] if m["kind"] == "Secret"] == []
    readme = (KUBERNETES.parent / "README.md").read_text()
    for manifest in WORKLOADS:
        template = pod(manifest)
        assert template is not None
        named = {volume["secret"]["secretName"] for volume in template["spec"]["volumes"] if "secret" in volume}
        for variable in containers(manifest)[0]["env"]:
            if "valueFrom" in variable:
                named.add(variable["valueFrom"]["secretKeyRef"]["name"])
        explained = {name.replace("-database", "") if "-database" in name else name for name in named}
        assert all(name in readme or name in SERVICES for name in explained), explained
