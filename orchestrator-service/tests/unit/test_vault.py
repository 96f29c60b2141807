"""Reasons are unreadable without the key, and open for their own event only."""

import base64
import json
from pathlib import Path

import pytest
from orchestrator_service.domain.errors import ReasonUnreadable
from orchestrator_service.store.vault import BadKeyFile, ReasonVault

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_sealed_reason_opens_for_its_event_alone() -> None:
    vault = ReasonVault(current="k1", keys={"k1": OLD})
    key_id, sealed = vault.seal("pn_1", "Sykdom")

    assert vault.open("pn_1", key_id, sealed) == "Sykdom"
    assert b"Sykdom" not in sealed
    with pytest.raises(ReasonUnreadable):
        vault.open("pn_2", key_id, sealed)


def test_the_same_reason_is_sealed_differently_every_time() -> None:
    vault = ReasonVault(current="k1", keys={"k1": OLD})

    assert vault.seal("pn_1", "Sykdom") != vault.seal("pn_1", "Sykdom")


def test_after_a_rotation_old_reasons_still_open() -> None:
    key_id, sealed = ReasonVault(current="k1", keys={"k1": OLD}).seal("pn_1", "Sykdom")
    rotated = ReasonVault(current="k2", keys={"k1": OLD, "k2": NEW})

    assert rotated.open("pn_1", key_id, sealed) == "Sykdom"
    assert rotated.seal("pn_1", "Sykdom")[0] == "k2"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        json.dumps({"current": "k2", "keys": {"k1": base64.b64encode(OLD).decode()}}),
        json.dumps({"current": "k1", "keys": {"k1": base64.b64encode(b"short").decode()}}),
        json.dumps({"current": "k1", "keys": {"k1": "secret!"}}),
    ],
)
def test_a_key_file_that_is_none_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)

    with pytest.raises(BadKeyFile) as caught:
        ReasonVault.from_file(str(path))

    assert "secret!" not in str(caught.value)


def test_keys_are_in_no_representation() -> None:
    assert "ooo" not in repr(ReasonVault(current="k1", keys={"k1": OLD}))
