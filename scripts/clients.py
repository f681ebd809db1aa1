"""Clients in other languages: generated, compiled, and used as the manual says.

    python -m scripts.clients generate          # what `make clients` does
    python -m scripts.clients test              # what `make clients-test` does
    python -m scripts.clients test java rust    # these only

What is tested of each language is that the commands and programs of its page in `docs/languages`
do what they are there for, that its client plays the scenario of the contract against the service,
and that it takes the answers of a newer service. A language whose tools are missing is left out.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from attrs import frozen

from scripts.altering_proxy import altering, of_a_newer_server
from scripts.languages import BUILT, LANGUAGES, ROOT, Language, search_path
from scripts.local_service import forget_environment, new_database, running_service
from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys, create_keys

SPEC = ROOT / "spec"
PROGRAMS = ROOT / "tests" / "clients"
PHOTO = ROOT / "tests" / "photos" / "cat.jpg"
PYTHON = f'{sys.executable} -m visualsnoop conformance --endpoint "$1" --scenario "$5"'


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("generate", "test"))
    names = [language.name for language in LANGUAGES]
    parser.add_argument("languages", nargs="*", metavar="language", help=", ".join(names))
    parser.add_argument(
        "--require", nargs="*", default=[], help="fail if the tools of these are missing"
    )
    arguments = parser.parse_args()
    chosen = arguments.languages or names
    if unknown := {*chosen, *arguments.require} - {*names}:
        parser.error(f"there is no language {', '.join(sorted(unknown))}")

    with running_services() if arguments.action == "test" else nullcontext() as services:
        succeeded = []
        if services and not arguments.languages:
            succeeded.append(attempt("python", partial(play, "Python", PYTHON, ROOT, services)))
        for language in LANGUAGES:
            if language.name not in chosen:
                continue
            if missing := language.missing_tools():
                print(f"{language.name:28}left out: there is no {' and no '.join(missing)}")
                succeeded.append(language.name not in arguments.require)
            else:
                succeeded.append(attempt(language.name, partial(use, language, services)))
    return 0 if all(succeeded) else 1


def attempt(name: str, action: Callable[[], None]) -> bool:
    """Do something for a language; say how long it took, or which command has failed."""
    started = time.monotonic()
    try:
        action()
    except subprocess.CalledProcessError as error:
        print(error.output, f"{name:28}FAILED: {error.cmd[-1]}", sep="\n", flush=True)
        return False
    print(f"{'':28}{time.monotonic() - started:.0f} seconds", flush=True)
    return True


def use(language: Language, services: "Services | None") -> None:
    """Generate the client of a language, and test it if there is anything to test it against.

    Raises:
        subprocess.CalledProcessError: If a command fails.
    """
    generate(language)
    if services is not None:
        test(language, services)


def generate(language: Language) -> None:
    """Make the project of a language, as its page says, up to the generated client.

    Raises:
        subprocess.CalledProcessError: If a command fails, or warns of what is not explained.
    """
    shutil.rmtree(language.project, ignore_errors=True)
    language.project.mkdir(parents=True)
    for locked in ("*.lock", "package*.json", ".npmrc"):
        for file in PROGRAMS.joinpath(language.name).glob(locked):
            shutil.copy(file, language.project)
    (language.project / "spec").symlink_to(SPEC)
    shutil.copy(PHOTO, language.project / "photo.jpg")
    for command in commands(language.page, "Generate the client"):
        output = run(command, language.project)
        warnings = [
            line
            for line in output.splitlines()
            if re.search(r"\bwarn(ing)?\b", line, re.IGNORECASE)
            and not line.startswith(("npm warn", "npm notice"))
            and not any(explained in line for explained in language.explained)
        ]
        if warnings:
            raise subprocess.CalledProcessError(0, [command], output="\n".join(warnings))
    print(f"{language.name:28}generated in {language.project.relative_to(ROOT)}", flush=True)


def test(language: Language, services: "Services") -> None:
    """Do what the page of a language says with the client, and play the scenarios.

    Raises:
        subprocess.CalledProcessError: If a command fails.
    """
    upload_as_the_page_says(language, services)
    for name, target in language.files.items():
        (language.project / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROGRAMS / language.name / name, language.project / target)
    for command in language.build:
        run(command, language.project)
    for client, command in language.play.items():
        play(client, command, language.project, services)


def upload_as_the_page_says(language: Language, services: "Services") -> None:
    """Make the first upload of the page of a language, and look whether it is there."""
    keys = create_keys(services.database, f"{language.name} page", "ada")
    for command in commands(language.page, "The first upload", into=language.project):
        run(command, language.project, **_environment(services.endpoint, keys))
    with Collection(keys.public_key, keys.secret_key, services.endpoint) as collection:
        collection.get_image("holiday/beach.jpg")


def play(client: str, command: str, folder: Path, services: "Services") -> None:
    """Play the scenario of the contract, and that of a newer service; print what has passed."""
    scenarios = {
        "scenario": (SPEC / "scenario.json", services.endpoint),
        "newer service": (services.newer_scenario, services.newer_endpoint),
    }
    results = []
    for name, (file, endpoint) in scenarios.items():
        keys = create_keys(services.database, f"{client}, {name}", "ada")
        arguments = [endpoint, keys.public_key, keys.secret_key, str(SPEC), str(file)]
        output = run(command, folder, *arguments, **_environment(endpoint, keys))
        counted = re.findall(r"\d+ passed, 0 failed", output)
        if not counted:
            raise subprocess.CalledProcessError(0, [command], output=output)
        results.append(f"{name}: {counted[-1]}")
    print(f"{client:28}{'; '.join(results)}", flush=True)


@frozen
class Services:
    """What clients are tested against.

    Attributes:
        database: Where keys are made.
        endpoint: The service.
        newer_endpoint: One whose answers have more fields and values.
        newer_scenario: What to play against that one; the pictures are beside it.
    """

    database: str
    endpoint: str
    newer_endpoint: str
    newer_scenario: Path


@contextmanager
def running_services() -> Iterator[Services]:
    """The services, for the time being."""
    with (
        new_database() as (database, folder),
        (folder / "log").open("w") as log,
        running_service(f"--database={database}", log=log) as service,
        altering(service.endpoint, answer=of_a_newer_server) as newer_endpoint,
    ):
        (folder / "pictures").symlink_to(SPEC / "pictures")
        newer_scenario = shutil.copy(PROGRAMS / "newer-service.json", folder)
        yield Services(database, service.endpoint, newer_endpoint, Path(newer_scenario))


def commands(page: Path, section: str, into: Path | None = None) -> Iterator[str]:
    """The commands of a section of a page; its files are written on the way.

    Args:
        page: A page of the manual.
        section: The heading.
        into: Where its files go; None if it has none.
    """
    text = page.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    blocks = re.findall(
        r"^```(?:(sh)|\{code-block\} \w+\n:caption: (\S+)\n)\n(.*?)^```$", text, re.M | re.S
    )
    for shell, file, content in blocks:
        if shell:
            yield content
        elif into is not None:
            (into / file).write_text(content, encoding="utf-8")


def run(command: str, folder: Path, *arguments: str, **environment: str) -> str:
    """Run a command of Bash; its output, errors among it.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command, "bash", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PATH": search_path(), **_QUICK, **environment},
    )
    if finished.returncode != 0:
        raise subprocess.CalledProcessError(finished.returncode, [command], output=finished.stdout)
    return finished.stdout


# So that the second time takes less long, and the first one no longer than needed.
_QUICK: dict[str, str] = {
    "CARGO_TARGET_DIR": str(BUILT / "cargo"),
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "LANG": "C.UTF-8",
}


def _environment(endpoint: str, keys: NewKeys) -> dict[str, str]:
    return {
        "VISUALSNOOP_ENDPOINT": endpoint,
        "VISUALSNOOP_PUBLIC_KEY": keys.public_key,
        "VISUALSNOOP_SECRET_KEY": keys.secret_key,
    }


if __name__ == "__main__":
    forget_environment()
    sys.exit(main())
