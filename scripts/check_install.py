"""Install the package as users do, and use it from outside the source code.

The wheel is built out of the source distribution. It is installed with the newest versions of what
it needs, with the lowest that pyproject.toml allows (--lowest), or with those that are locked
(--locked); from wheels only, and where no other programs are found, so without any compiler. The
SDK is imported alone, by every Python that is there. Then a service is started, and what the README
says is done with it.

With --wheels nothing is installed, but asked whether there are wheels of everything for all
platforms. With --output what is to be released is left in a folder: the distributions, and what is
in the service (a CycloneDX SBOM).
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.utils import canonicalize_name

from scripts.local_service import forget_environment

ROOT = Path(__file__).resolve().parent.parent
LOCK_FILE = ROOT / "requirements-server.txt"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")
SDK_PACKAGES = {
    *("anyio", "attrs", "certifi", "h11", "httpcore", "httpx", "idna", "python-dateutil", "six"),
    *("typing-extensions", "tzdata", "visualsnoop"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    versions = parser.add_mutually_exclusive_group()
    versions.add_argument("--lowest", action="store_true", help="install the lowest versions")
    versions.add_argument("--locked", action="store_true", help="install the locked versions")
    versions.add_argument("--wheels", action="store_true", help="only ask for wheels")
    parser.add_argument("--output", type=Path, help="a folder for what is to be released")
    parser.add_argument("--tests", action="store_true", help="run the tests there as well")
    chosen = parser.parse_args()
    if chosen.wheels:
        check_wheels()
        return
    with tempfile.TemporaryDirectory(prefix="visualsnoop-install-") as name:
        folder = Path(name)
        # Where root runs the service, another account runs PostgreSQL, whose programs are in there.
        folder.chmod(0o755)
        wheel = built_wheel(folder / "dist")
        lowest = [f"--constraint={lowest_versions(folder)}"] if chosen.lowest else []
        sdk, with_server = Environment(folder / "sdk"), Environment(folder / "server")
        sdk.install(*lowest, wheel)
        check_sdk(sdk, wheel)
        if not chosen.lowest:
            check_other_pythons(folder, wheel)
        sdk.install(*lowest, f"{wheel}[cli]")
        check_command_line(sdk)
        if chosen.locked:
            with_server.install("--require-hashes", f"--requirements={LOCK_FILE}")
            with_server.install("--no-deps", wheel)
        else:
            with_server.install(*lowest, f"{wheel}[server]")
        check_service(with_server, folder)
        if chosen.output:
            release(chosen.output, folder, with_server)
        if chosen.tests:
            run_tests(with_server, folder)


class Environment:
    """A virtual environment of its own."""

    def __init__(self, folder: Path, python: str | Path = sys.executable) -> None:
        self.folder = folder
        uv("venv", "--quiet", "--python", python, folder)

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    def install(self, *requirements: str | Path) -> None:
        only_wheels = ("--only-binary=:all:", "--python", self.program("python"))
        uv("pip", "install", "--quiet", *only_wheels, *requirements)

    def installed(self) -> list[str]:
        """What is installed, as requirements."""
        command = ("pip", "freeze", "--quiet", "--python", self.program("python"))
        return uv(*command).splitlines()

    def run(self, name: str, *arguments: str | Path, **environment: str) -> str:
        """Run a program in the folder of the environment, and return what it prints."""
        return subprocess.check_output(
            [self.program(name), *arguments],
            cwd=self.folder,
            text=True,
            env={**self.variables(), **environment},
        )

    def variables(self) -> dict[str, str]:
        """What its programs get; they find those of the environment, and no compiler."""
        return {**os.environ, "PATH": str(self.folder / "bin")}

    def error_of(self, name: str, *arguments: str) -> str:
        """Run a program that fails with status 1, and return the error that it prints."""
        command = [str(self.program(name)), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 1, done
        return done.stderr


def uv(*arguments: str | Path) -> str:
    return subprocess.check_output([Path(sys.executable).with_name("uv"), *arguments], text=True)


def built_wheel(folder: Path) -> Path:
    uv("build", "--quiet", "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    tool("twine", "check", "--strict", wheel, *folder.glob("*.tar.gz"))
    return wheel


def tool(name: str, *arguments: str | Path) -> None:
    """Run a program of the environment of development."""
    subprocess.run([Path(sys.executable).with_name(name), *arguments], check=True)


def lowest_versions(folder: Path) -> Path:
    """The lowest versions of what pyproject.toml names, as a file of constraints."""
    file = folder / "lowest.txt"
    options = ("--quiet", "--resolution=lowest-direct", "--extra=server", f"--output-file={file}")
    uv("pip", "compile", *options, ROOT / "pyproject.toml")
    return file


def check_sdk(environment: Environment, wheel: Path) -> None:
    """The SDK alone: it can be imported, and the command says what is missing."""
    version = environment.run(
        "python", "-c", "import visualsnoop; print(visualsnoop.__version__)"
    ).strip()
    assert f"-{version}-" in wheel.name, version
    assert "pip install 'visualsnoop[cli]'" in environment.error_of("visualsnoop")
    installed = environment.installed()
    names = set(map(_name, installed))
    assert names <= SDK_PACKAGES, names - SDK_PACKAGES
    print(f"The SDK {version} with", *installed[:-1])


def _name(requirement: str) -> str:
    return canonicalize_name(re.split("[ =@]", requirement)[0])


def check_other_pythons(folder: Path, wheel: Path) -> None:
    """The SDK by the other versions of Python that this machine has, and what it does alone."""
    left_out = []
    for version in PYTHONS:
        python = find_python(version)
        if python is None:
            left_out.append(version)
            continue
        environment = Environment(folder / f"python{version}", python)
        environment.install(wheel)
        environment.run("python", "-W", "error", "-c", _SDK_PROGRAM)
        print(f"Python {version} has added a picture to a service in memory, and found it")
    print("Not on this machine, and left out: Python", ", ".join(left_out) or "of no version")


def find_python(version: str) -> Path | None:
    """A Python of a version, in the search path or where pyenv keeps it."""
    found = shutil.which(f"python{version}")
    of_pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for python in [*of_pyenv, *([Path(found)] if found else [])]:
        # What is in the search path may be something that only says that there is none.
        if subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:
            return python
    return None


_SDK_PROGRAM = """
from visualsnoop.testing import MemoryService, picture

with MemoryService().collection() as collection:
    collection.add_image(picture("beach"), "beach")
    (result,) = collection.search_images(picture("beach")).results
    assert result.id == "beach"
"""


def check_wheels() -> None:
    """That everything that the service needs can be installed without a compiler."""
    for platform in PLATFORMS:
        for version in PYTHONS:
            target = ("--python-platform", platform, "--python-version", version)
            options = ("--quiet", "--only-binary=:all:", "--extra=server")
            uv("pip", "compile", *target, *options, ROOT / "pyproject.toml")
            print(f"There are wheels of everything for Python {version} on {platform}")


def check_command_line(environment: Environment) -> None:
    """The command line without the service: it has its help, and says what is missing."""
    assert "--max-body" in environment.run("visualsnoop", "serve", "--help")
    error = environment.error_of("visualsnoop", "keys", "list")
    assert "pip install 'visualsnoop[server]'" in error, error


def check_service(environment: Environment, folder: Path) -> None:
    """The service: it starts, makes keys, and does what the README says."""
    data = f"--data={folder / 'data'}"
    print("The service with", *environment.installed())
    version = environment.run("visualsnoop", "--version").strip()
    command = [str(environment.program("visualsnoop")), "serve", "--port=0", data]
    with subprocess.Popen(
        command,
        cwd=environment.folder,
        stdout=subprocess.PIPE,
        text=True,
        env=environment.variables(),
    ) as service:
        try:
            assert service.stdout is not None
            announcement = service.stdout.readline()
            assert announcement, "the service did not start"
            endpoint = announcement.split()[-1]
            keys = json.loads(environment.run("visualsnoop", "keys", "create", "a", "--json", data))
            collection = {
                "VISUALSNOOP_ENDPOINT": endpoint,
                "VISUALSNOOP_PUBLIC_KEY": keys["public_key"],
                "VISUALSNOOP_SECRET_KEY": keys["secret_key"],
            }
            run_readme(environment, collection)
        finally:
            service.terminate()
    assert service.returncode == 0, service.returncode
    print(f"VisualSnoop {version} does what the README says")


def run_readme(environment: Environment, variables: dict[str, str]) -> None:
    """Run the program and the commands of the README, and compare what they print."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (environment.folder / "tests").symlink_to(ROOT / "tests")
    program, printed = re.findall(
        r"^```python\n(.*?)^```\n\nprints\n\n((?: {4}[^\n]*\n)+)", text, re.MULTILINE | re.DOTALL
    )[0]
    expected: list[tuple[tuple[str, ...], str]] = [(("python", "-c", program), printed)]
    for command, printed in re.findall(r"^ {4}\$ (.*)\n((?: {4}[^$].*\n)*)", text, re.MULTILINE):
        expected.append((tuple(shlex.split(command)), printed))
    for (name, *arguments), printed in expected:
        actual = environment.run(name, *arguments, **variables)
        assert actual.split() == printed.split(), f"{name} prints {actual!r}, not {printed!r}"


def release(output: Path, folder: Path, environment: Environment) -> None:
    """Leave the distributions and the SBOM of the service in a folder."""
    output.mkdir(parents=True, exist_ok=True)
    for distribution in (folder / "dist").glob("visualsnoop-*"):
        shutil.copy(distribution, output)
    bom = output / "visualsnoop-server.cdx.json"
    options = ("--output-reproducible", "--pyproject", ROOT / "pyproject.toml", "-o", bom)
    tool("cyclonedx-py", "environment", *options, environment.program("python"))
    components = json.loads(bom.read_text("utf-8"))["components"]
    named = {canonicalize_name(each["name"]) for each in components}
    installed = set(map(_name, environment.installed())) - {"visualsnoop"}
    assert installed <= named, installed - named
    print("To be released:", *sorted(each.name for each in output.iterdir()))


def run_tests(environment: Environment, folder: Path) -> None:
    """Run the tests with the versions that are installed, whatever versions the tools want."""
    versions = folder / "versions.txt"
    versions.write_text(
        "\n".join(line for line in environment.installed() if not line.startswith("visualsnoop"))
    )
    python = f"--python={environment.program('python')}"
    uv("pip", "install", "--quiet", python, f"--overrides={versions}", f"--editable={ROOT}[dev]")
    # Overrides have taken the extras away, and brought a FastAPI that needs another Starlette.
    environment.install(f"--constraint={versions}", "httpx[http2,socks]", "fastapi>=0.115")
    options = (
        # Those of the project are about its tools.
        "--ignore=tests/project",
        # The test client of old versions of Starlette, with the newest AnyIO.
        *("-W", "ignore:The anyio.abc.BlockingPortal alias:DeprecationWarning"),
    )
    subprocess.run([environment.program("pytest"), *options], cwd=ROOT, check=True)


if __name__ == "__main__":
    forget_environment()
    main()
