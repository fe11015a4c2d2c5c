"""Where the command begins, also as ``python -m scimrunbook`` where scripts are not on the path."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point. What is interrupted while it is still being loaded ends as quietly as later."""
    try:
        from scimrunbook.cli import main as verbs

        verbs()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
