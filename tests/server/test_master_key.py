"""The master key, under which secret keys are stored: found, made, and told when it is wrong."""

import secrets
from pathlib import Path

import pytest

from visualsnoop.server.storage.keys import create_keys, list_keys, revoke_keys
from visualsnoop.server.storage.master_key import UnusableMasterKey, opened_vault
from visualsnoop.server.vault import CannotOpen, Vault

VARIABLE = "VISUALSNOOP_MASTER_KEY"


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)


def test_file_is_made_that_only_the_user_can_read(new_database: str, tmp_path: Path) -> None:
    vault = opened_vault(new_database, tmp_path)
    path = tmp_path / "master.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert bytes.fromhex(path.read_text()) == vault.master_key
    assert list(tmp_path.iterdir()) == [path]


def test_file_is_used_again(new_database: str, tmp_path: Path) -> None:
    made = create_keys(new_database, "a", "ada", opened_vault(new_database, tmp_path))
    assert opened_vault(new_database, tmp_path) == opened_vault(new_database, tmp_path)
    assert made.secret_key


def test_file_that_others_can_read_is_refused(new_database: str, tmp_path: Path) -> None:
    opened_vault(new_database, tmp_path)
    (tmp_path / "master.key").chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        opened_vault(new_database, tmp_path)


def test_environment_goes_before_the_file(
    new_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "ab" * 32)
    assert opened_vault(new_database, tmp_path).master_key == b"\xab" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["ab" * 31, "ab" * 33, "a" * 63, "xy" * 32, "secret"])
def test_text_that_is_no_master_key_is_refused_but_not_shown(
    new_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(UnusableMasterKey, match="64 hexadecimal digits") as caught:
        opened_vault(new_database, tmp_path)
    assert text not in str(caught.value)


def test_another_master_key_is_refused(
    new_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_vault(new_database, tmp_path)
    monkeypatch.setenv(VARIABLE, "cd" * 32)
    with pytest.raises(UnusableMasterKey, match="another master key"):
        opened_vault(new_database, tmp_path)


def test_missing_master_key_is_not_replaced_by_a_new_one(new_database: str, tmp_path: Path) -> None:
    opened_vault(new_database, tmp_path)
    (tmp_path / "master.key").rename(tmp_path / "away")
    with pytest.raises(UnusableMasterKey, match="put its file"):
        opened_vault(new_database, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["away"]


def test_lost_master_key_can_be_replaced_when_all_keys_are_revoked(
    new_database: str, tmp_path: Path
) -> None:
    vault = opened_vault(new_database, tmp_path)
    for name in "ab":
        create_keys(new_database, name, "ada", vault)
    (tmp_path / "master.key").unlink()
    for pair in list_keys(new_database):
        revoke_keys(new_database, pair.public_key)
    assert opened_vault(new_database, tmp_path) != vault


def test_sealed_secret_opens_for_its_public_key_only() -> None:
    vault = Vault(secrets.token_bytes(32), "a test")
    sealed = vault.seal("one", "a secret")
    assert vault.open("one", sealed) == "a secret"
    for public_key, damaged in (("two", sealed), ("one", sealed[:-1]), ("one", b""), ("one", b"x")):
        with pytest.raises(CannotOpen):
            vault.open(public_key, damaged)


def test_same_secret_is_sealed_differently_each_time() -> None:
    vault = Vault(secrets.token_bytes(32), "a test")
    assert vault.seal("one", "a secret") != vault.seal("one", "a secret")


def test_master_key_does_not_show() -> None:
    vault = Vault(b"master-key-of-thirty-two-bytes!!", "a test")
    assert "thirty" not in repr(vault)
