"""``python -m scimrunbook``, for where scripts are not on the path."""

from scimrunbook.cli import main

if __name__ == "__main__":
    main()
