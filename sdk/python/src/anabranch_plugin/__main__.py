"""``python -m anabranch_plugin build``: makes a component of a plugin's source."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .build import BuildError, build, find


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code: 0 done, 1 no component, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m anabranch_plugin", description="Write Anabranch plugins in Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    builds = commands.add_parser("build", help="make a component of a plugin's source")
    builds.add_argument(
        "source",
        nargs="?",
        type=Path,
        default=Path("pyproject.toml"),
        help="a pyproject.toml, the folder of one, or a module's file (default: pyproject.toml here)",
    )
    builds.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.wasm", help="where the component goes")
    given = parser.parse_args(arguments)
    try:
        project = find(given.source)
        description = build(project, given.output)
    except BuildError as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint is not None:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 1
    print(f"{description.name} {description.version}: {given.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
