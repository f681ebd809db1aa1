"""The command `visualsnoop`."""

import sys


def main() -> None:
    """Run the command line, or say what is missing for it."""
    # httpx would load a command line of its own, and Rich with it: a third of the time of a start.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # None forbids the import
    try:
        from .cli.main import cli
    except ModuleNotFoundError as error:
        sys.exit(f"The command line needs {error.name}: pip install 'visualsnoop[cli]'")
    cli(prog_name="visualsnoop")


if __name__ == "__main__":
    main()
