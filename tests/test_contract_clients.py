"""That `make clients-test` executes all that the pages of the languages say, and can fail."""

import re
import subprocess
from pathlib import Path

import pytest

from scripts.clients import Services, commands, play
from scripts.languages import LANGUAGES, ROOT, Language

PAGES = ROOT / "docs" / "languages"


@pytest.fixture
def services(database: str, service: str, tmp_path: Path) -> Services:
    """The service in the place of a newer one, too."""
    return Services(database, service, service, tmp_path / "newer-service.json")


def test_each_page_has_its_language() -> None:
    assert {language.page for language in LANGUAGES} == set(PAGES.glob("*.md"))


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_every_command_and_program_of_a_page_is_executed(
    language: Language, tmp_path: Path
) -> None:
    (tmp_path / "visualsnoop/src/main/java").mkdir(parents=True)
    (tmp_path / "src").mkdir()
    text = language.page.read_text(encoding="utf-8")
    generating = list(commands(language.page, "Generate the client"))
    uploading = list(commands(language.page, "The first upload", into=tmp_path))
    assert generating and uploading
    blocks = re.findall(r"^```(?!\{literalinclude\}).+$", text, re.MULTILINE)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(blocks) == len(generating) + len(uploading) + len(files)


@pytest.mark.parametrize(
    "command",
    ["false", "true", "echo '155 passed, 1 failed'", "echo '154 passed, 1 failed'; exit 1"],
)
def test_a_client_that_fails_or_plays_nothing_is_an_error(
    command: str, services: Services, tmp_path: Path
) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        play("client", command, tmp_path, services)
