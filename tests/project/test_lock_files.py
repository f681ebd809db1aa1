"""What is installed is written down with hashes, for any registry or index."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tools_of_node_are_locked_by_hash_and_not_by_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    tools = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert packages.pop("")["devDependencies"] == tools
    assert len(packages) > len(tools)
    for path, package in packages.items():
        assert package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path


def test_readme_of_the_contract_names_the_tools_that_are_tested() -> None:
    tools = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    (command,) = re.findall(r"npm install --save-dev (.*)", (ROOT / "spec/README.md").read_text())
    for tool in command.split():
        name, version = tool.rsplit("@", 1)
        assert tools[name] == version
