"""The manifests as kustomize builds them, for the few things that our base and overlays ask of it.

Anything else in a kustomization is refused, so that this cannot differ from the real one unnoticed.
"""

from pathlib import Path
from typing import Any

import yaml

KUBERNETES = Path(__file__).parents[1] / "kubernetes"
UNDERSTOOD = {"apiVersion", "kind", "namespace", "resources", "images", "patches"}
WITHOUT_NAMESPACE = ("Namespace",)
Manifest = dict[str, Any]


def render(place: Path) -> list[Manifest]:
    """Every manifest of a base or an overlay."""
    plan = yaml.safe_load((place / "kustomization.yaml").read_text())
    assert set(plan) <= UNDERSTOOD, set(plan) - UNDERSTOOD
    manifests: list[Manifest] = []
    for resource in plan["resources"]:
        path = place / resource
        manifests += render(path) if path.is_dir() else read(path)
    for patch in plan.get("patches", []):
        assert set(patch) == {"path"}
        for change in read(place / patch["path"]):
            _merge(one(manifests, change["kind"], change["metadata"]["name"]), change)
    for manifest in manifests:
        if "namespace" in plan and manifest["kind"] not in WITHOUT_NAMESPACE:
            manifest["metadata"]["namespace"] = plan["namespace"]
        for container in containers(manifest):
            _tag(container, plan.get("images", []))
    return manifests


def read(path: Path) -> list[Manifest]:
    return [manifest for manifest in yaml.safe_load_all(path.read_text()) if manifest]


def one(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def pod(manifest: Manifest) -> Manifest | None:
    """The template of the pods that a manifest makes."""
    spec = manifest.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    template: Manifest | None = spec.get("template")
    return template


def containers(manifest: Manifest) -> list[Manifest]:
    template = pod(manifest)
    return template["spec"]["containers"] if template else []


def _merge(into: Manifest, change: Manifest) -> None:
    """Mappings merge, everything else is replaced: the lists that we patch have no merge keys."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _tag(container: Manifest, images: list[Manifest]) -> None:
    name = container["image"].rpartition(":")[0] or container["image"]
    for image in images:
        if image["name"] == name:
            container["image"] = f"{image.get('newName', name)}:{image['newTag']}"
