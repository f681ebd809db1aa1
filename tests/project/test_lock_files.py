"""What is installed is written down with hashes, for any registry or index."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "tests" / "clients" / "typescript"


@pytest.mark.parametrize("folder", [ROOT, CLIENT], ids=["tools", "client in TypeScript"])
def test_packages_of_node_are_locked_by_hash_and_not_by_registry(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    wanted = json.loads((folder / "package.json").read_text())
    locked = packages.pop("")
    assert locked["devDependencies"] == wanted["devDependencies"]
    assert locked.get("dependencies") == wanted.get("dependencies")
    assert len(packages) >= len(wanted["devDependencies"])
    for path, package in packages.items():
        assert package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path


def test_page_on_typescript_names_the_versions_that_are_tested() -> None:
    wanted = json.loads((CLIENT / "package.json").read_text())
    page = (ROOT / "docs" / "languages" / "typescript.md").read_text(encoding="utf-8")
    commands = re.findall(r"^npm install (?:--save-dev )?(.*)$", page, re.MULTILINE)
    versions = dict(package.rsplit("@", 1) for package in " ".join(commands).split())
    assert versions == wanted["devDependencies"] | wanted["dependencies"]


def test_locked_versions_of_the_server_are_those_that_it_allows() -> None:
    pins = locked_versions()
    needed = [*wanted("server"), *wanted("cli"), *project()["dependencies"]]
    assert len(needed) > 20
    for requirement in map(Requirement, needed):
        versions = pins.pop(canonicalize_name(requirement.name))
        for version in versions:
            assert requirement.specifier.contains(version), (requirement, version)
    assert pins, "what is needed indirectly is locked as well"


def test_every_locked_version_has_hashes_and_no_place() -> None:
    text = (ROOT / "requirements-server.txt").read_text()
    for requirement in re.split(r"\n(?=[a-z])", text)[1:]:
        assert "--hash=sha256:" in requirement
    assert "://" not in text


def project() -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return settings


def wanted(extra: str) -> list[str]:
    requirements = project()["optional-dependencies"][extra]
    return [
        requirement for requirement in requirements if not requirement.startswith("visualsnoop")
    ]


def locked_versions() -> dict[str, list[str]]:
    """By the names of packages; a package may have several, for several versions of Python."""
    versions: dict[str, list[str]] = {}
    text = (ROOT / "requirements-server.txt").read_text()
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE):
        versions.setdefault(name, []).append(version)
    return versions
