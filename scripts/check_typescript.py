"""Use the service from TypeScript, by a client that is generated from the contract.

The signer is the one of spec/README.md.
"""

import re
import shutil
import subprocess
from pathlib import Path

from scripts.local_service import forget_environment, new_database, running_service
from visualsnoop.server.storage.keys import create_keys

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "spec"
PROGRAM = ROOT / "tests" / "typescript"
NODE_MODULES = ROOT / "node_modules"
PHOTO = ROOT / "tests" / "photos" / "cat.jpg"


def main() -> None:
    with new_database() as (database, folder), (folder / "service.log").open("w") as log:
        program = build(folder / "program")
        keys = create_keys(database, "typescript", "ada")
        with running_service(f"--database={database}", log=log) as service:
            arguments = (keys.public_key, keys.secret_key, SPEC / "signing-vectors.json", PHOTO)
            subprocess.run(["node", program, service.endpoint, *arguments], check=True)


def build(folder: Path) -> Path:
    """Generate the client, check the types of the program that uses it, and bundle both.

    Args:
        folder: Where this is done; it is created.

    Returns:
        The bundled program.
    """
    shutil.copytree(PROGRAM, folder)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "signer.ts").write_text(signer(), encoding="utf-8")
    bundle = folder / "check.mjs"
    for tool, *arguments in (
        ("openapi-ts", "--silent", "-i", SPEC / "visualsnoop-v1.yaml", "-o", "visualsnoop"),
        ("tsc", "--project", "."),
        (
            *("esbuild", "check.ts", "--bundle", "--platform=node", "--format=esm"),
            *("--log-level=warning", f"--outfile={bundle}"),
        ),
    ):
        subprocess.run([NODE_MODULES / ".bin" / tool, *arguments], cwd=folder, check=True)
    return bundle


def signer() -> str:
    """The signer in TypeScript as people read it."""
    text = (SPEC / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```typescript\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


if __name__ == "__main__":
    forget_environment()
    main()
