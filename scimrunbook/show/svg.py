"""A small writer of static SVG, and the figure that carries it: picture, caption, and the same numbers as a table.

Written by hand because the alternatives cost more than they give here: matplotlib takes 0.7 s to import in every
notebook and sets its words as outlines, plotly and altair need scripts or a network. A picture travels as an ``<img>``
with a data address: nothing in it can run, it has a real alternative text, JupyterLab shows it even in a file nobody
trusts, and it prints. Its words stay plain text in the file, so that scrubbing and leak scans see them.
"""

from __future__ import annotations

from urllib.parse import quote

from scimrunbook.show.words import esc, prose

WIDTH = 560  # as wide as JupyterLab's page is at 1024 px: words keep their size there, and grow where there is room
# One palette, for light and for dark; every colour has at least 4.5:1 on its paper.
_STYLE = (
    "svg{--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#ffffff;--fill:#eaeef2;--bad:#a40e26;--look:#7a4b00;"
    "--ok:#116329;--calm:#0550ae}"
    "@media(prefers-color-scheme:dark){svg{--ink:#e6edf3;--soft:#9da7b3;--line:#3d444d;--paper:#0d1117;--fill:#21262d;"
    "--bad:#ff9492;--look:#f0b72f;--ok:#6fdd8b;--calm:#79c0ff}}"
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:var(--ink)}"
    ".s{fill:var(--soft)}.b{font-weight:600}.r{text-anchor:end}.m{text-anchor:middle}.t{font-size:12px}"
    ".bad{fill:var(--bad)}.ok{fill:var(--ok)}.look{fill:var(--look)}.calm{fill:var(--calm)}.fill{fill:var(--fill)}"
    ".line{stroke:var(--line);fill:none}.ring{stroke:var(--soft);fill:var(--paper)}.paper{fill:var(--paper)}"
)


def text(x: float, y: float, said: object, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{_class(style)}>{esc(said)}</text>'


def box(x: float, y: float, width: float, height: float, style: str = "", title: str = "") -> str:
    inner = f"<title>{esc(title)}</title>" if title else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        f"{_class(style)}>{inner}</rect>"
    )


def line(x1: float, y1: float, x2: float, y2: float, style: str = "line") -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"{_class(style)}/>'


def circle(x: float, y: float, radius: float, style: str = "") -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"{_class(style)}/>'


def shortened(said: object, characters: int) -> str:
    whole = " ".join(str(said).split())
    return whole if len(whole) <= characters else whole[: characters - 1] + "…"


def svg(height: float, *parts: str) -> str:
    """The whole picture, ``WIDTH`` wide, on paper of its own."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}"><style>{_STYLE}</style>{box(0, 0, WIDTH, height, "paper")}{"".join(parts)}</svg>'
    )


def figure(drawn: str, alt: str, caption: str, numbers: str) -> str:
    """The picture with its caption; ``numbers``, the table of what it shows, unfolds beneath it."""
    address = "data:image/svg+xml," + quote(drawn, safe=" /:;,=()@.'{}!*$&?+")
    return (
        f'<figure class="srb-figure"><img src="{esc(address)}" alt="{esc(alt)}">'
        f"<figcaption>{prose(caption)}</figcaption>"
        f"<details><summary>The numbers of this picture</summary>{numbers}</details></figure>"
    )


def _class(style: str) -> str:
    return f' class="{style}"' if style else ""
