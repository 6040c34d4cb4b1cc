"""The entry of the command: the version at once, everything else by `catalog.cli.app`, loaded on use."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status. Arguments default to those of the process."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        from catalog.version import version_line

        sys.stdout.write(version_line())
        return 0
    from catalog.cli.app import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
