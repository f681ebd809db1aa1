"""From a folder to the page in one command."""

import json
import os
import re
import socket
from pathlib import Path

import httpx

from scripts.terminal import on_terminal

from .command import run
from .test_add import fill


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_folder_is_added_the_page_opened_and_the_next_run_goes_on(tmp_path: Path) -> None:
    folder = fill(tmp_path / "photos", "a.jpg", "b/c.jpg")
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = ("quickstart", folder, "--data", tmp_path / "data", "--port", str(free_port()))
    proxy = {"HTTP_PROXY": "http://127.0.0.1:1"}
    with on_terminal(*command, "--no-browser", **environment, **proxy) as terminal:
        terminal.read_until("until Ctrl-C", longest=120)
        assert "2/2" in terminal.text
        link = re.search(r"(http://127\.0\.0\.1:\d+/)#code=\S+", terminal.text)
        assert link is not None
        assert "text/html" in httpx.get(link[1]).headers["Content-Type"]
        # Its keys are the usual ones now.
        listed = run("list", "--json", **environment).stdout.splitlines()
        assert {json.loads(line)["id"] for line in listed} == {"a.jpg", "b/c.jpg"}
        thumbnails = run("collections", "list", "--json", "--data", tmp_path / "data")
        collection = json.loads(thumbnails.stdout)
        assert collection["has_thumbnails"]
        assert collection["name"] == str(folder)
        terminal.type("\x03")
        assert terminal.finish() == 0, terminal.text

    fill(folder, "new.jpg")
    # As a picture that was edited since.
    os.utime(folder / "a.jpg", (4_000_000_000, 4_000_000_000))
    with on_terminal(*command, "--no-browser", **environment) as terminal:
        terminal.read_until("until Ctrl-C", longest=120)
        assert "2/2" in terminal.text
        assert "3 images of" in terminal.text
        terminal.type("\x03")
        assert terminal.finish() == 0, terminal.text
