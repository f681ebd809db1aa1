"""The source distribution, out of which the wheels are built."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_contract_is_in_it_though_clients_that_were_built_link_to_it(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "spec", project / "spec")
    for name in (".gitignore", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    (project / "visualsnoop").mkdir()
    shutil.copy(ROOT / "visualsnoop" / "_version.py", project / "visualsnoop")
    client = project / "build" / "clients" / "go"
    client.mkdir(parents=True)
    (client / "spec").symlink_to(project / "spec")

    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--quiet", "--sdist", "--out-dir", tmp_path, project], check=True)

    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        contained = {name.partition("/")[2] for name in files.getnames()}
    expected = {str(path.relative_to(project)) for path in project.glob("spec/**/*.*")}
    assert expected
    assert expected <= contained
