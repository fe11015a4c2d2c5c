"""What to ask for on the first day: which files to export, screen by screen, or which read-only rights to request.

Both are made from the guide's table of how to get things; ``docs/exports.md`` is the first one, for both providers.
"""

from __future__ import annotations

import re
import textwrap

from scimrunbook.guide import HOW_TO_GET
from scimrunbook.problems import UserProblem

_NAMES = {"okta": "Okta", "entra": "Microsoft Entra ID"}
# What decides most comes first: the log, the application's own state, then who should be there.
_FIRST = ("system_log", "provisioning_log", "app", "job", "schema", "mappings", "assignments", "app_users")
_OKTA_SCOPE, _GRAPH = re.compile(r"okta\.\w+\.read"), re.compile(r"[A-Z]\w+\.Read\.All")
_ROLES = re.compile(r"the role ([A-Z][\w ]+?)(?= or |$)")
# An address, with placeholders such as <app-id> in it.
_ADDRESS = re.compile(r"((?:https://|/api/v1|/v1|<base-URL>)(?:<[^>]+>|[^\s<>,])+)")
_BLANK = re.compile(r"<(\w+) (\w+)>")
_TOKENS = "Never put a token or a secret into a file, a mail or the ticket."
_WITHOUT_API = {
    "okta": (
        "Where the addresses above answer with an error, these still help, and say so where they are used:",
        "Reports > System Log > Download CSV: the log, without what settings were changed from and to",
        "The report Current Assignments as CSV: who is assigned, some hours old",
        "Dashboard > Tasks and Push Groups > Errors: select the texts, paste them into a .txt file",
    ),
    "entra": (
        "Where Graph Explorer may not be used, the portal alone still gives:",
        "Provisioning logs > Download > JSON, or CSV: that is three files, put all three into the folder",
        "Attribute mapping > Review your schema here > Download",
        "Users > Download users, and Audit logs > Download > JSON",
    ),
}


def _whats(provider: str) -> list[str]:
    if provider not in _NAMES:
        raise UserProblem(f"Say for which provider: --provider {' or --provider '.join(_NAMES)}.")
    ours = [w for w in HOW_TO_GET if w.startswith(f"{provider}.")]
    rank = {f"{provider}.{w}": n for n, w in enumerate(_FIRST)}
    return sorted(ours, key=lambda w: rank.get(w, len(rank)))


def how_to_export(provider: str) -> str:
    """Markdown: every file, the screen or address it comes from, and a name for it. Raises UserProblem."""
    wanted = [*_whats(provider), "catalog.users", "catalog.groups"]
    lines = [f"## What to export: {_NAMES[provider]}", ""]
    lines += _wrapped(
        "Put the files into one folder and name it under `exports:` in the incident file. Names do not matter, save "
        "where a group's id belongs into one; zip and gzip are read as they are. Each file helps by itself: the first "
        f"ones most. Choose the whole time of the failures, and no other filter than the application. {_TOKENS}"
    )
    lines.append("")
    for number, what in enumerate(wanted, 1):
        how = HOW_TO_GET[what]
        told = _BLANK.sub(r"<\1-\2>", f"(`{how.file}`): ") + _code(_BLANK.sub(r"<\1-\2>", how.export))
        lines += _wrapped(f"{number}. **{how.title}** {told}.", "   ")
    head, *rest = _WITHOUT_API[provider]
    lines += ["", head, "", *(line for r in rest for line in _wrapped(f"- {r}", "  "))]
    return "\n".join(lines) + "\n"


def permissions(provider: str) -> str:
    """Markdown to copy into a request: the least rights that read everything, each with what it is for."""
    wanted = _whats(provider)
    needs = [HOW_TO_GET[w].live for w in wanted]
    pattern = _OKTA_SCOPE if provider == "okta" else _GRAPH
    rights = list(dict.fromkeys(r for n in needs for r in pattern.findall(n)))
    lines = [f"## Request: read-only access to {_NAMES[provider]} for one diagnosis", ""]
    lines += _wrapped(
        "To find out why people are missing, out of date or still active in Coalesce Catalog, please grant what is "
        "listed here for the time of the diagnosis. It is read only: apart from signing in, only GET and HEAD are sent."
    )
    lines.append("")
    if provider == "okta":
        lines.append("Either an API token of an administrator with the role Read-Only Administrator")
        lines.append("(Security > API > Tokens), or a service application with these scopes:")
    else:
        lines.append("An app registration with these Microsoft Graph application permissions, admin consent granted:")
    lines.append("")
    for right in rights:
        what = [HOW_TO_GET[w].title for w, n in zip(wanted, needs, strict=True) if right in n]
        told = (t if t.startswith("Okta") else t[:1].lower() + t[1:] for t in what)
        lines += _wrapped(f"- `{right}`: {', '.join(told)}", "  ")
    roles = list(dict.fromkeys(r for n in needs for r in _ROLES.findall(n)))
    if roles:
        lines += [
            "",
            *_wrapped(f"Where a person signs in instead, with delegated permissions, also: {', '.join(roles)}."),
        ]
    lines += [
        "",
        *_wrapped(
            f"{_TOKENS} Hand it over through a password store; the incident file only says where it is to be found. "
            "Take it back when the ticket is closed. Without any of this, exported files do: "
            f"`scimrunbook init --how-to-export --provider {provider}`."
        ),
    ]
    return "\n".join(lines) + "\n"


def exports_page() -> str:
    """``docs/exports.md``: the same for both providers."""
    return (
        "# Files instead of access\n\n"
        "Made from the guide's own table (`scimrunbook init --how-to-export`). `<org>`, `<app-id>`,\n"
        "`<object-id>` and `<group-id>` are as in the address bar of the admin console.\n\n"
        + "\n".join(how_to_export(p) for p in _NAMES)
    )


def _code(text: str) -> str:
    """Addresses as code and unbroken by lines, other placeholders escaped: neither is taken for HTML."""
    parts = _ADDRESS.split(text)
    told = [f"`{part}`" if n % 2 else part.replace("<", "\\<") for n, part in enumerate(parts)]
    return "".join(told)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
