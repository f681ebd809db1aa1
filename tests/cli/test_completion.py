"""Completion by the shells that people use."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .command import run


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    script = run("completion", "bash").stdout
    (tmp_path / "visualsnoop").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m visualsnoop "$@"')
    (tmp_path / "visualsnoop").chmod(0o755)
    bash = shutil.which("bash")
    assert bash is not None
    completed = subprocess.run(
        [bash, "--norc"],
        input=f"""PATH="{tmp_path}:$PATH"
{script}
complete_line() {{
    COMP_WORDS=($1) COMP_CWORD=$(( $(wc -w <<< "$1") - 1 ))
    _visualsnoop_completion visualsnoop
    echo "${{COMPREPLY[@]}}"
    COMPREPLY=()
}}
complete_line "visualsnoop dup"
complete_line "visualsnoop add --upd"
""",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert completed.stdout.splitlines()[-2:] == ["duplicates", "--update"], completed.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script(shell: str) -> None:
    assert f"_VISUALSNOOP_COMPLETE={shell}_complete" in run("completion", shell).stdout


def test_unknown_shell_is_refused() -> None:
    assert run("completion", "tcsh").returncode == 2
