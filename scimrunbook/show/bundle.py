"""What may be sent and how it is built; and, once it is built, where it lies and what to tell with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from scimrunbook.show.cards import fragment
from scimrunbook.show.panels import Panel
from scimrunbook.show.view import View
from scimrunbook.show.words import esc, plain


def how(view: View) -> Panel:
    """What sharing does, and the command that does it; in a bundle, that this is one."""
    if remark := view.run.get("shared"):
        return Panel(fragment(f"<p>{esc(remark)}</p>"), plain(remark), {"shared": remark})
    command = f"scimrunbook share {view.incident['incident']}" + (" --practice" if view.practice else "")
    said = (
        "This run holds names and e-mail addresses: do not send it. The bundle built from it holds the same nine "
        "notebooks and the report with people by pseudonym, is looked through once more for tokens and names, and is "
        "signed. Where anything is found, nothing is built."
    )
    html = fragment(f"<p>{esc(said)}</p><p>On the command line: <code>{esc(command)}</code></p>")
    return Panel(html, f"{said} On the command line: {plain(command)}", {"command": command})


def built(archive: Path, lines: Sequence[str]) -> Panel:
    """The card of a bundle that was built, with a link to it; the signature's check is a line to copy."""
    where = Path(os.path.relpath(archive, Path.cwd())).as_posix()
    told = "".join(
        f"<p><code>{esc(line.strip())}</code></p>" if line.startswith(" ") else f"<p>{esc(line)}</p>" for line in lines
    )
    html = fragment(
        '<div class="srb-card srb-pass"><h3><b>✔ The bundle is built</b></h3>'
        f'<p><a href="{esc(where)}">{esc(archive.name)}</a></p>{told}</div>'
    )
    return Panel(html, plain(f"✔ The bundle is built: {where}"), {"bundle": archive.name})
