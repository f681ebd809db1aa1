"""Use the service from TypeScript, by a client that is generated from the contract.

The signer is the one of spec/README.md. Where Node is not installed this is left out; in CI it must
not be.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from local_service import forget_environment, new_database, running_service

from visualsnoop.server.keys import create_keys

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "spec"
PROGRAM = ROOT / "tests" / "typescript"
PHOTO = ROOT / "tests" / "photos" / "cat.jpg"


def main() -> int:
    if shutil.which("npx") is None:
        if os.environ.get("CI") == "true":
            print("check_typescript: CI needs Node, and it is not installed", file=sys.stderr)
            return 1
        print("check_typescript: Node is not installed, so the client in TypeScript was left out")
        return 0
    with new_database() as (database, folder), (folder / "service.log").open("w") as log:
        program = build(folder / "program")
        keys = create_keys(database, "typescript", "ada")
        with running_service(f"--database={database}", log=log) as service:
            arguments = (keys.public_key, keys.secret_key, SPEC / "signing-vectors.json", PHOTO)
            subprocess.run(["node", program, service.endpoint, *arguments], check=True)
    return 0


def build(folder: Path) -> Path:
    """Generate the client, check the types of the program that uses it, and make it one file."""
    shutil.copytree(PROGRAM, folder)
    (folder / "signer.ts").write_text(signer(), encoding="utf-8")
    contract = SPEC / "visualsnoop-v1.yaml"
    for command in (
        "npm install --silent --no-audit --no-fund --no-package-lock",
        f"npx openapi-ts --silent -i {shlex.quote(str(contract))} -o visualsnoop",
        "npx tsc --project .",
        "npx esbuild check.ts --bundle --platform=node --format=esm --log-level=warning"
        " --outfile=check.mjs",
    ):
        subprocess.run(shlex.split(command), cwd=folder, check=True)
    return folder / "check.mjs"


def signer() -> str:
    """The signer in TypeScript as people read it."""
    text = (SPEC / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```typescript\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


if __name__ == "__main__":
    forget_environment()
    sys.exit(main())
