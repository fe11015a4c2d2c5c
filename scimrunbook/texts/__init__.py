"""Reads failure texts: what an admin saw or said, led back to a cause family, or to the question that decides.

Pure: vocabulary, rules, fixes and asks are tables in TOML beside the code; nothing is fetched, nothing is remembered.
"""

from __future__ import annotations

from scimrunbook.texts.reader import Context, Reading, read, steps

__all__ = ["Context", "Reading", "read", "steps"]
