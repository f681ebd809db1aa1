"""Interrupt `visualsnoop add` in every way, and see that the same command goes on to the end.

    python -m scripts.proofs.interrupted_add [--pictures 2000]

A folder of small pictures is added to a service: at a terminal, where Ctrl-C is typed, and in a
pipe, where the command is interrupted, killed, and loses the service, which is killed and started
again. In the end all pictures are there, no run has said that an ID is taken, and exit statuses are
as the manual says. The status of this script is 1 if not.
"""

import argparse
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from attrs import define, field
from PIL import Image

from scripts.local_service import LocalService, forget_environment, new_database
from scripts.terminal import on_terminal
from visualsnoop import Collection
from visualsnoop.server.storage.keys import create_keys

INTERRUPTED, KILLED, GIVEN_UP = 130, -signal.SIGKILL, 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=2000)
    count = parser.parse_args().pictures
    forget_environment()
    with new_database() as (database, _), tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        write_pictures(folder, count)
        os.environ["XDG_STATE_HOME"] = f"{name}/state"
        keys = create_keys(database, "interrupted", "ada")
        with (Path(name) / "log").open("w") as log:
            service = LocalService.start(f"--database={database}", log=log)
            port = service.endpoint.split(":")[2].split("/")[0]
            os.environ["VISUALSNOOP_PUBLIC_KEY"] = keys.public_key
            os.environ["VISUALSNOOP_SECRET_KEY"] = keys.secret_key
            os.environ["VISUALSNOOP_ENDPOINT"] = service.endpoint
            with Collection.from_env() as collection:
                proof = Proof(collection, folder, count)
                proof.at_terminal(until=count // 6)
                proof.at_terminal(until=count // 3)
                proof.in_pipe("interrupted", count // 2, INTERRUPTED, _interrupt)
                proof.in_pipe("killed", count * 2 // 3, KILLED, subprocess.Popen.kill)
                proof.in_pipe("service killed", count * 5 // 6, GIVEN_UP, lambda _: service.kill())
                service = LocalService.start(f"--database={database}", f"--port={port}", log=log)
                proof.to_the_end()
            service.stop()
    sys.exit(1 if proof.faults else 0)


def write_pictures(folder: Path, count: int) -> None:
    """Write small pictures of clouds, each another one."""
    folder.mkdir()
    for number in range(count):
        colours = random.Random(number).randbytes(8 * 8 * 3)
        picture = Image.frombytes("RGB", (8, 8), colours)
        file = io.BytesIO()
        picture.resize((128, 128), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
        (folder / f"{number:05}.jpg").write_bytes(file.getvalue())


@define
class Proof:
    """Runs of one command over one folder.

    Attributes:
        collection: What the pictures are added to.
        folder: Where they are.
        count: How many they are.
        faults: What was not as it should be.
    """

    collection: Collection
    folder: Path
    count: int
    faults: list[str] = field(factory=list)

    def at_terminal(self, until: int) -> None:
        """Run it at a terminal, and type Ctrl-C once so many are stored."""
        with on_terminal("add", self.folder) as terminal:
            self._wait(until, terminal.process)
            terminal.type("\x03")
            status = terminal.finish()
        self._report("Ctrl-C at a terminal", status, INTERRUPTED, terminal.text)
        if f"/{self.count}" not in terminal.text or "/s" not in terminal.text:
            self._fault("there was no bar with a rate")

    def in_pipe(
        self, title: str, until: int, wanted: int, end: Callable[["subprocess.Popen[str]"], object]
    ) -> None:
        """Run it in a pipe, and end it, or what it needs, once so many are stored."""
        with subprocess.Popen(
            [sys.executable, "-m", "visualsnoop", "add", str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Whoever runs this in the background may ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as process:
            self._wait(until, process)
            end(process)
            output, _ = process.communicate()
        self._report(title, process.returncode, wanted, output)
        if "\x1b" in output:
            self._fault("there are escape sequences in a pipe")

    def to_the_end(self) -> None:
        """Run it without any interruption, and see what there is."""
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "visualsnoop", "add", str(self.folder)],
            capture_output=True,
            text=True,
        )
        self._report("to the end", done.returncode, 0, done.stdout + done.stderr)
        print(f"it took {time.monotonic() - start:.0f} seconds")
        stored = {image.id for image in self.collection.iter_images(page_size=1000)}
        if stored != {path.name for path in self.folder.iterdir()}:
            self._fault(f"{len(stored)} of {self.count} are stored")

    def _wait(self, until: int, process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
        while process.poll() is None and self._stored() < until:
            time.sleep(0.1)

    def _stored(self) -> int:
        return self.collection.get_collection().image_count

    def _report(self, title: str, status: int, wanted: int, output: str) -> None:
        told = output.strip().splitlines()[-1] if wanted not in (0, KILLED) else ""
        print(f"{title}: status {status}. {told}", flush=True)
        if status != wanted:
            self._fault(f"the status should be {wanted}")
        if "has an image of this ID" in output or "Traceback" in output:
            self._fault(f"the output is {output[-1000:]}")

    def _fault(self, fault: str) -> None:
        print(f"FAULT: {fault}", flush=True)
        self.faults.append(fault)


def _interrupt(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
