"""How Sphinx builds the manual: `make docs`."""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from visualsnoop import __version__

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "generated"), str(ROOT)]

project = "VisualSnoop"
copyright = "the authors of VisualSnoop"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinxcontrib.openapi",
    "operations",
]

html_theme = "furo"
html_title = f"VisualSnoop {__version__}"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
# The first page is a part of the README, whose headings are one level deeper.
suppress_warnings = ["myst.header"]

# Not of dashes, which would turn the `--` of options into one.
smartquotes_action = "qe"

# Names in single backticks link to what is documented under them, and are code otherwise.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_use_ivar = True


def mark_examples(
    app: Sphinx, what: str, name: str, item: Any, options: Any, lines: list[str]
) -> None:
    """Tell Sphinx that an indented paragraph of a docstring is code."""
    marked: list[str] = []
    text_before = ""
    for number, line in enumerate(lines):
        is_indented = line.startswith("    ")
        if is_indented and number and not lines[number - 1] and not text_before.startswith(" "):
            marked += ["::", ""]
        if line:
            text_before = line
        marked.append(line)
    lines[:] = marked


def setup(app: Sphinx) -> None:
    # Before Napoleon, whose sections are indented as well.
    app.connect("autodoc-process-docstring", mark_examples, priority=400)
