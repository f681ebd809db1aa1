"""Check the types of the page's scripts against those of the contract, in TypeScript."""

import json
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "visualsnoop" / "server" / "http" / "page" / "static"
TOOLS = ROOT / "tests" / "clients" / "typescript" / "node_modules" / ".bin"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contract = folder / "contract"
        subprocess.run(
            [
                *(TOOLS / "openapi-ts", "--silent", "--plugins", "@hey-api/typescript"),
                *("-i", ROOT / "spec" / "visualsnoop-v1.yaml", "-o", contract),
            ],
            check=True,
        )
        settings = {
            "compilerOptions": {
                "allowJs": True,
                "checkJs": True,
                "noEmit": True,
                "strict": True,
                "target": "es2023",
                "module": "esnext",
                "moduleResolution": "bundler",
                "lib": ["es2023", "dom", "dom.iterable"],
                "types": [],
                "paths": {"visualsnoop-contract": [str(contract / "types.gen.ts")]},
            },
            "include": [str(PAGE / "**" / "*.js")],
        }
        (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
        subprocess.run([TOOLS / "tsc", "--project", folder], check=True)


if __name__ == "__main__":
    main()
