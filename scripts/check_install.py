"""Install the package as users do, and use it from outside the source code.

The wheel is built out of the source distribution. It is installed with the newest versions of what
it needs, with the lowest that pyproject.toml allows (--lowest), or with those that are locked
(--locked). Then the SDK is imported alone, and a service is started, gets a picture and finds it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.local_service import forget_environment

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "tests" / "photos" / "cat.jpg"
LOCK_FILE = ROOT / "requirements-server.txt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    versions = parser.add_mutually_exclusive_group()
    versions.add_argument("--lowest", action="store_true", help="install the lowest versions")
    versions.add_argument("--locked", action="store_true", help="install the locked versions")
    parser.add_argument("--tests", action="store_true", help="run the tests there as well")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="visualsnoop-install-") as name:
        folder = Path(name)
        # Where root runs the service, another account runs PostgreSQL, whose programs are in there.
        folder.chmod(0o755)
        wheel = built_wheel(folder / "dist")
        lowest = [f"--constraint={lowest_versions(folder)}"] if chosen.lowest else []
        sdk, with_server = Environment(folder / "sdk"), Environment(folder / "server")
        sdk.install(*lowest, wheel)
        check_sdk(sdk, wheel)
        sdk.install(*lowest, f"{wheel}[cli]")
        check_command_line(sdk)
        if chosen.locked:
            with_server.install("--require-hashes", f"--requirements={LOCK_FILE}")
            with_server.install("--no-deps", wheel)
        else:
            with_server.install(*lowest, f"{wheel}[server]")
        check_service(with_server, folder)
        if chosen.tests:
            run_tests(with_server, folder)


class Environment:
    """A virtual environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        uv("venv", "--quiet", "--python", sys.executable, folder)

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    def install(self, *requirements: str | Path) -> None:
        uv("pip", "install", "--quiet", "--python", self.program("python"), *requirements)

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
            env={**os.environ, **environment},
        )

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
    return wheel


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
    print(f"The SDK {version} with", *environment.installed()[:-1])


def check_command_line(environment: Environment) -> None:
    """The command line without the service: it has its help, and says what is missing."""
    assert "--max-body" in environment.run("visualsnoop", "serve", "--help")
    error = environment.error_of("visualsnoop", "keys", "list")
    assert "pip install 'visualsnoop[server]'" in error, error


def check_service(environment: Environment, folder: Path) -> None:
    """The service: it starts, makes keys, takes a picture and finds it."""
    data = f"--data={folder / 'data'}"
    print("The service with", *environment.installed())
    version = environment.run("visualsnoop", "--version").strip()
    command = [str(environment.program("visualsnoop")), "serve", "--port=0", data]
    with subprocess.Popen(
        command, cwd=environment.folder, stdout=subprocess.PIPE, text=True
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
            added = environment.run("visualsnoop", "add", PHOTO, **collection)
            found = environment.run("visualsnoop", "search", PHOTO, **collection)
        finally:
            service.terminate()
    assert service.returncode == 0, service.returncode
    assert added == f"added {PHOTO.name}\n", added
    assert found == f"1.000  {PHOTO.name}\n", found
    print(f"VisualSnoop {version} has added a picture and found it")


def run_tests(environment: Environment, folder: Path) -> None:
    """Run the tests with the versions that are installed, whatever versions the tools want."""
    versions = folder / "versions.txt"
    versions.write_text(
        "\n".join(line for line in environment.installed() if not line.startswith("visualsnoop"))
    )
    environment.install(f"--overrides={versions}", f"--editable={ROOT}[dev]")
    # Overrides have taken the extras away.
    environment.install(f"--constraint={versions}", "httpx[http2,socks]")
    # Those of the project are about its tools.
    subprocess.run([environment.program("pytest"), "--ignore=tests/project"], cwd=ROOT, check=True)


if __name__ == "__main__":
    forget_environment()
    main()
