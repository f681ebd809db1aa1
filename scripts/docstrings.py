"""Copy the docstrings of `Collection` to the same methods of `AsyncCollection`.

So each is written once, and editors, `help()` and Sphinx still find it where they look: in the
source of the method. With --check nothing is written, and a difference is an error.
"""

import argparse
import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = ROOT / "visualsnoop" / "_collection.py"
ASYNC_COLLECTION = ROOT / "visualsnoop" / "_async_collection.py"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 on a difference"
    )
    check = parser.parse_args().check

    current = ASYNC_COLLECTION.read_text(encoding="utf-8")
    wanted = with_docstrings(current, COLLECTION.read_text(encoding="utf-8"))
    if check and current != wanted:
        print("Docstrings of AsyncCollection differ from those of Collection: run 'make generate'")
        return 1
    ASYNC_COLLECTION.write_text(wanted, encoding="utf-8")
    return 0


def with_docstrings(async_source: str, source: str) -> str:
    """The source of `AsyncCollection` with the docstrings of `Collection`."""
    lines = async_source.splitlines(keepends=True)
    methods = public_methods(async_source)
    coroutines = {name for name, method in methods.items() if is_coroutine(method)}
    # From the end, so that line numbers stay true.
    for name, original in reversed(public_methods(source).items()):
        if name in methods:
            text = translated(docstring_lines(source, original), coroutines)
            first = methods[name].body[0]
            replaced = first.end_lineno if ast.get_docstring(methods[name]) else first.lineno - 1
            lines[first.lineno - 1 : replaced] = [text]
    return "".join(lines)


def public_methods(source: str) -> dict[str, Function]:
    """The public methods of the one class of a module; of overloaded ones the implementation."""
    (kind,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {
        node.name: node
        for node in kind.body
        if isinstance(node, Function) and not node.name.startswith("_")
    }


def is_coroutine(method: Function) -> bool:
    """Whether calls are awaited; the results of asynchronous generators are iterated over."""
    is_generator = any(isinstance(node, ast.Yield) for node in ast.walk(method))
    return isinstance(method, ast.AsyncFunctionDef) and not is_generator


def docstring_lines(source: str, method: Function) -> str:
    first = method.body[0]
    return "".join(source.splitlines(keepends=True)[first.lineno - 1 : first.end_lineno])


def translated(docstring: str, coroutines: set[str]) -> str:
    """A docstring whose examples await what has to be awaited."""

    def call(found: re.Match[str]) -> str:
        return f"await {found[0]}" if found[1] in coroutines else found[0]

    docstring = re.sub(r"\bcollection\.(\w+)\(", call, docstring)
    return re.sub(r"\bfor (\w+ in collection\.)", r"async for \1", docstring)


if __name__ == "__main__":
    sys.exit(main())
