"""That what the pages of the project link to is there."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)

PAGES = [
    page
    for page in sorted([*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/**/*.md")])
    if not {"_build", "node_modules", "build", "dist"} & set(page.relative_to(ROOT).parts)
]


def without_code(page: Path) -> str:
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub and MyST make them."""
    headings = _HEADING.findall(without_code(page))
    plain = (re.sub(r"[`*]|\[|\]\(.*?\)", "", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target, anchor in _LINK.findall(without_code(page)):
        file = page.parent / target if target else page
        if not file.exists():
            broken.append(target)
        elif anchor and anchor not in anchors(file):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def test_urls_of_the_package_lead_into_its_repository() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    urls = project["urls"]
    # Those that PyPI has icons for.
    assert urls.keys() >= {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    for url in urls.values():
        repository, _, file = url.partition("/blob/HEAD/")
        assert repository.removesuffix("/issues") == urls["Source"]
        assert (ROOT / file).exists()


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n[here](#a-page) [there](other.md) [or](#there)\n")
    with pytest.raises(AssertionError, match=r"other\.md.*#there"):
        test_every_link_leads_somewhere(page)
