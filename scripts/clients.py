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
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

from scripts.altering_proxy import altering, of_a_newer_server
from scripts.local_service import forget_environment, new_database, running_service
from visualsnoop import Collection
from visualsnoop.server.storage.keys import NewKeys, create_keys

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "spec"
PROGRAMS = ROOT / "tests" / "clients"
BUILT = ROOT / "build" / "clients"
PHOTO = ROOT / "tests" / "photos" / "cat.jpg"


@frozen
class Language:
    """A language, and how the scenario is played in it.

    Attributes:
        name: What its page, and the folder of its program, are called.
        tools: The commands that have to be there.
        files: Where files of the folder go in a project that was made as the page says.
        build: What has to be done then, in the folder of the project.
        play: What plays a scenario: by which client, and the command, which gets the arguments
            endpoint, public key, secret key, folder of the contract and file of the scenario.
        explained: Warnings of its generator that its page explains.
    """

    name: str
    tools: tuple[str, ...]
    files: dict[str, str]
    build: tuple[str, ...]
    play: dict[str, str]
    explained: tuple[str, ...] = field(default=())

    @property
    def page(self) -> Path:
        return ROOT / "docs" / "languages" / f"{self.name}.md"

    @property
    def project(self) -> Path:
        return BUILT / self.name

    def missing_tools(self) -> list[str]:
        return [tool for tool in self.tools if shutil.which(tool, path=_path()) is None]


_MAVEN = "mvn --quiet --batch-mode --file visualsnoop"
_TYPESCRIPT = ("scenario.ts", "types.ts", "hey-api.mts", "openapi-fetch.mts")

LANGUAGES = (
    Language(
        "typescript",
        tools=("node", "npm"),
        files={name: name for name in _TYPESCRIPT},
        build=("npx tsc --project .",),
        play={
            "TypeScript, hey-api": 'npx tsx hey-api.mts "$@"',
            "TypeScript, openapi-fetch": 'npx tsx openapi-fetch.mts "$@"',
        },
    ),
    Language(
        "java",
        tools=("javac", "mvn"),
        files={"Scenario.java": "visualsnoop/src/main/java/Scenario.java"},
        build=(f"{_MAVEN} compile",),
        play={
            "Java, OpenAPI Generator": f"{_MAVEN} org.codehaus.mojo:exec-maven-plugin:3.5.0:java"
            ' -Dexec.mainClass=Scenario -Dexec.args="$*"',
        },
    ),
    Language(
        "go",
        tools=("go",),
        files={"scenario.go": "scenario/main.go"},
        build=("go vet ./scenario", "go build -o play ./scenario"),
        play={"Go, oapi-codegen": './play "$@"'},
    ),
    Language(
        "rust",
        tools=("cargo", "java"),
        files={"scenario.rs": "src/bin/scenario.rs"},
        build=("cargo add --quiet serde@1 serde_json@1", "cargo build --quiet --bin scenario"),
        play={"Rust, OpenAPI Generator": 'cargo run --quiet --bin scenario -- "$@"'},
        explained=("cannot be used as a model name. Renamed to Application",),
    ),
    Language(
        "php",
        tools=("php", "java"),
        files={"scenario.php": "scenario.php"},
        build=("php --syntax-check scenario.php",),
        play={"PHP, OpenAPI Generator": 'php scenario.php "$@"'},
    ),
    Language(
        "ruby",
        tools=("ruby", "java"),
        files={"scenario.rb": "scenario.rb"},
        build=("ruby -wc scenario.rb",),
        play={"Ruby, OpenAPI Generator": 'ruby -I visualsnoop/lib scenario.rb "$@"'},
    ),
)


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

    there = [language for language in LANGUAGES if language.name in chosen]
    left_out = {}
    for language in list(there):
        if missing := language.missing_tools():
            left_out[language.name] = f"left out: there is no {' and no '.join(missing)}"
            there.remove(language)
    try:
        if arguments.action == "generate":
            for language in there:
                generate(language)
        else:
            test(there, with_python=not arguments.languages)
    except subprocess.CalledProcessError as error:
        print(error.output or "", f"This failed: {error.cmd[-1]}", sep="\n")
        return 1
    finally:
        for name, reason in left_out.items():
            print(f"{name:28}{reason}")
    return 1 if left_out.keys() & {*arguments.require} else 0


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


def test(languages: list[Language], with_python: bool) -> None:
    """Do what the pages say, and play the scenarios; print a line for each client."""
    shutil.rmtree(BUILT / "scenarios", ignore_errors=True)
    with (
        new_database() as (database, folder),
        (folder / "log").open("w") as log,
        running_service(f"--database={database}", log=log) as service,
        altering(service.endpoint, answer=of_a_newer_server) as newer,
    ):
        players = Players(database, service.endpoint, newer)
        if with_python:
            python = f'{sys.executable} -m visualsnoop conformance --endpoint "$1"'
            players.play("Python", f'{python} --scenario "$5"', ROOT)
        for language in languages:
            started = time.monotonic()
            generate(language)
            players.follow(language)
            for name, target in language.files.items():
                (language.project / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROGRAMS / language.name / name, language.project / target)
            for command in language.build:
                run(command, language.project)
            for client, command in language.play.items():
                players.play(client, command, language.project)
            print(f"{'':28}{time.monotonic() - started:.0f} seconds", flush=True)


@frozen
class Players:
    """What clients are tested against.

    Attributes:
        database: Where keys are made.
        service: The endpoint of the service.
        newer: The endpoint of one that has more fields and values.
    """

    database: str
    service: str
    newer: str

    def follow(self, language: Language) -> None:
        """Make the first upload as the page of a language says."""
        keys = create_keys(self.database, f"{language.name} page", "ada")
        for command in commands(language.page, "The first upload", into=language.project):
            run(command, language.project, **_environment(self.service, keys))
        with Collection(keys.public_key, keys.secret_key, self.service) as collection:
            collection.get_image("holiday/beach.jpg")

    def play(self, client: str, command: str, folder: Path) -> None:
        """Play the scenario of the contract, and that of a newer service."""
        scenarios = {
            "scenario": (SPEC / "scenario.json", self.service),
            "newer service": (self._newer_scenario(), self.newer),
        }
        results = []
        for name, (file, endpoint) in scenarios.items():
            keys = create_keys(self.database, f"{client}, {name}", "ada")
            arguments = [endpoint, keys.public_key, keys.secret_key, str(SPEC), str(file)]
            environment = _environment(endpoint, keys)
            output = run(command, folder, *arguments, **environment)
            results.append(f"{name}: {re.findall('[0-9]+ passed, [0-9]+ failed', output)[-1]}")
        print(f"{client:28}{'; '.join(results)}", flush=True)

    def _newer_scenario(self) -> Path:
        """The scenario of a newer service, with the pictures of the contract beside it."""
        folder = BUILT / "scenarios"
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "pictures").symlink_to(SPEC / "pictures")
            shutil.copy(PROGRAMS / "newer-service.json", folder)
        return folder / "newer-service.json"


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
        env={**os.environ, "PATH": _path(), **_QUICK, **environment},
    )
    if finished.returncode != 0:
        raise subprocess.CalledProcessError(
            finished.returncode, ["bash", command], output=finished.stdout
        )
    return finished.stdout


# So that the second time takes less long, and the first one no longer than needed.
_QUICK: dict[str, str] = {
    "CARGO_TARGET_DIR": str(BUILT / "cargo"),
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "LANG": "C.UTF-8",
}


def _path() -> str:
    """Where commands are looked for: first where those from PyPI are."""
    return f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"


def _environment(endpoint: str, keys: NewKeys) -> dict[str, str]:
    return {
        "VISUALSNOOP_ENDPOINT": endpoint,
        "VISUALSNOOP_PUBLIC_KEY": keys.public_key,
        "VISUALSNOOP_SECRET_KEY": keys.secret_key,
    }


if __name__ == "__main__":
    forget_environment()
    sys.exit(main())
