"""The languages that there are clients in, and how the scenario is played in each."""

import os
import shutil
import sysconfig
from pathlib import Path

from attrs import field, frozen

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "clients"


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
        return [tool for tool in self.tools if shutil.which(tool, path=search_path()) is None]


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
        explained=(
            "cannot be used as a model name. Renamed to Application",
            "cannot be used as a model name. Renamed to ImageSlashWebp",
        ),
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


def search_path() -> str:
    """Where commands are looked for: first where those from PyPI are."""
    return f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
