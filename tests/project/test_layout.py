"""The page on how the code is laid out names what there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/layout.md").read_text()


def test_every_path_on_the_page_exists() -> None:
    paths = re.findall(r"`([\w.-]*/[\w./-]*|\w+\.(?:md|toml))`", PAGE)
    assert len(paths) > 40
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_line_of_the_tree_exists() -> None:
    assert [path for path in tree() if not (ROOT / path).exists()] == []


def test_every_folder_with_code_is_in_the_tree() -> None:
    packages = {
        module.parent.relative_to(ROOT).as_posix()
        for folder in ("visualsnoop", "scripts", "tests")
        for module in (ROOT / folder).glob("**/__init__.py")
        if len(module.relative_to(ROOT).parts) <= 5
    }
    assert packages - {path.rstrip("/") for path in tree()} == set()


def tree() -> list[str]:
    """The paths of the tree, from its names and their indentation."""
    (block,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    above: list[str] = []
    paths = []
    for line in block.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [name]
        paths.append("".join(above))
    return paths
