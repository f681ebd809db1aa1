"""Key pairs that are stored under profiles, and what of them commands take."""

import json
import os
from pathlib import Path

import pytest

from scripts.terminal import on_terminal
from visualsnoop.cli.profiles import Profile, find_profile, store_profile
from visualsnoop.server.storage.keys import NewKeys

from .command import run, run_with_input


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty folder of configuration."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def printed(keys: NewKeys, tmp_path: Path) -> Path:
    """What `keys create` prints, in a file."""
    path = tmp_path / "keys"
    path.write_text(f"public_key: {keys.public_key}\nsecret_key: {keys.secret_key}\n")
    return path


def profiles_file(config: dict[str, str]) -> Path:
    return Path(config["XDG_CONFIG_HOME"]) / "visualsnoop" / "profiles.json"


def test_keys_are_stored_and_taken_and_forgotten(
    service: str, keys: NewKeys, printed: Path, config: dict[str, str]
) -> None:
    done = run_with_input(printed, "login", "--endpoint", service, **config)
    assert done.returncode == 0, done.stderr
    assert keys.secret_key not in done.stdout + done.stderr
    assert profiles_file(config).stat().st_mode & 0o777 == 0o600
    info = json.loads(run("info", "--json", **config).stdout)
    assert info["collection_id"] == keys.collection_id
    assert run("logout", **config).returncode == 0
    assert keys.secret_key not in profiles_file(config).read_text()
    after = run("list", **config)
    assert after.returncode == 1
    assert "visualsnoop login" in after.stderr
    assert run("logout", **config).returncode == 1


def test_profiles_have_names_and_the_environment_wins(
    service: str, keys: NewKeys, other_keys: NewKeys, printed: Path, config: dict[str, str]
) -> None:
    at = ("--endpoint", service, "--profile", "holidays")
    assert run_with_input(printed, "login", *at, **config).returncode == 0
    environment = {
        "VISUALSNOOP_PUBLIC_KEY": other_keys.public_key,
        "VISUALSNOOP_SECRET_KEY": other_keys.secret_key,
        "VISUALSNOOP_ENDPOINT": service,
    }
    named = ("info", "--json", "--profile", "holidays")
    assert keys.collection_id in run(*named, **config).stdout
    by_variable = run("info", "--json", VISUALSNOOP_PROFILE="holidays", **config)
    assert keys.collection_id in by_variable.stdout
    overruled = run(*named, **config, **environment)
    assert other_keys.collection_id in overruled.stdout
    assert "environment" in overruled.stderr
    missing = run("list", "--profile", "work", **config)
    assert missing.returncode == 1
    assert "'work'" in missing.stderr


def test_conformance_is_checked_with_the_keys_of_a_profile(
    service: str, printed: Path, config: dict[str, str], tmp_path: Path
) -> None:
    at = ("--endpoint", service, "--profile", "holidays")
    assert run_with_input(printed, "login", *at, **config).returncode == 0
    scenario = tmp_path / "scenario.json"
    call = {"name": "the collection", "operation": "getCollection", "status": 200}
    scenario.write_text(json.dumps({"calls": [call], "requests": []}))
    checked = run("conformance", "--profile=holidays", "--scenario", scenario, **config)
    assert checked.stdout.splitlines()[-1:] == ["1 passed, 0 failed"], checked.stderr
    missing = run("conformance", "--profile=work", "--scenario", scenario, **config)
    assert missing.returncode == 1
    assert "there is no profile 'work'" in missing.stderr


def test_keys_are_typed_at_a_terminal_and_the_secret_one_is_not_shown(
    service: str, keys: NewKeys, config: dict[str, str]
) -> None:
    with on_terminal("login", "--endpoint", service, **config) as terminal:
        terminal.read_until("Public key: ")
        terminal.type(keys.public_key + "\n")
        terminal.read_until("Secret key: ")
        terminal.type(keys.secret_key + "\n")
        assert terminal.finish() == 0, terminal.text
    assert keys.secret_key not in terminal.shown
    assert run("list", **config).returncode == 0


def test_wrong_keys_are_not_stored(
    service: str, other_keys: NewKeys, printed: Path, config: dict[str, str]
) -> None:
    printed.write_text(f"{other_keys.public_key} {'x' * 40}")
    assert run_with_input(printed, "login", "--endpoint", service, **config).returncode == 1
    printed.write_text("nothing of the kind")
    assert run_with_input(printed, "login", "--endpoint", service, **config).returncode == 2
    assert not profiles_file(config).exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"default": {"secret_key": "hush"}}'])
def test_damaged_file_is_told_without_what_is_in_it(config: dict[str, str], content: str) -> None:
    profiles_file(config).parent.mkdir(parents=True)
    profiles_file(config).write_text(content)
    profiles_file(config).chmod(0o600)
    answer = run("list", **config)
    assert answer.returncode == 1
    assert "damaged" in answer.stderr
    assert "hush" not in answer.stderr


def test_file_that_others_can_read_is_refused(
    service: str, keys: NewKeys, printed: Path, config: dict[str, str]
) -> None:
    run_with_input(printed, "login", "--endpoint", service, **config)
    profiles_file(config).chmod(0o640)
    for command in (["list"], ["login", "--endpoint", service], ["logout"]):
        refused = run_with_input(printed, *command, **config)
        assert refused.returncode == 1
        assert "chmod 600" in refused.stderr
        assert keys.secret_key not in refused.stderr


class _Keyring:
    """A backend of keyring that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, name: str, secret: str) -> None:
        self.kept[service, name] = secret

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))


def test_secret_key_is_in_the_keyring_if_there_is_one(
    config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    backend = _Keyring()
    monkeypatch.setattr(keyring, "set_password", backend.set_password)
    monkeypatch.setattr(keyring, "get_password", backend.get_password)
    monkeypatch.setitem(os.environ, "XDG_CONFIG_HOME", config["XDG_CONFIG_HOME"])
    profile = Profile("default", "http://localhost/api/v1", "ab" * 10, "S" * 40)
    assert store_profile(profile) == "the keyring"
    assert profile.secret_key not in profiles_file(config).read_text()
    assert find_profile("default") == profile
    backend.kept.clear()
    with pytest.raises(ValueError, match="log in again"):
        find_profile("default")
