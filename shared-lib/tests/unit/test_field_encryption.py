"""Encrypted texts can be decrypted with their key and for their own row only."""

import base64
import json
from pathlib import Path

import pytest
from shared_lib.config import BadSetting
from shared_lib.privacy.encryption import DecryptionError, FieldCipher

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_ciphertext_is_decrypted_for_its_own_row_only() -> None:
    cipher = FieldCipher(current="k1", keys={"k1": OLD})
    key_id, ciphertext = cipher.encrypt("pn_1", "Sykdom")

    assert cipher.decrypt("pn_1", key_id, ciphertext) == "Sykdom"
    assert b"Sykdom" not in ciphertext
    with pytest.raises(DecryptionError):
        cipher.decrypt("pn_2", key_id, ciphertext)


def test_the_same_text_has_another_ciphertext_every_time() -> None:
    cipher = FieldCipher(current="k1", keys={"k1": OLD})

    assert cipher.encrypt("pn_1", "Sykdom") != cipher.encrypt("pn_1", "Sykdom")


def test_after_a_rotation_old_texts_can_still_be_decrypted() -> None:
    key_id, ciphertext = FieldCipher(current="k1", keys={"k1": OLD}).encrypt("pn_1", "Sykdom")
    rotated = FieldCipher(current="k2", keys={"k1": OLD, "k2": NEW})

    assert rotated.decrypt("pn_1", key_id, ciphertext) == "Sykdom"
    assert rotated.encrypt("pn_1", "Sykdom")[0] == "k2"


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
def test_an_unusable_key_file_is_refused_and_not_quoted(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)

    with pytest.raises(BadSetting) as caught:
        FieldCipher.from_file(str(path), setting="REASON_ENCRYPTION_KEYS")

    assert "secret!" not in str(caught.value)
    assert "REASON_ENCRYPTION_KEYS" in str(caught.value)


def test_keys_are_in_no_representation() -> None:
    assert "ooo" not in repr(FieldCipher(current="k1", keys={"k1": OLD}))
