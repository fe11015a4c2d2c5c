"""The verb that explains an error text, a code or an id."""

from __future__ import annotations

from typing import Annotated

import typer

from scimrunbook.cli.frame import AsJson, app, fail, guarded


def _ids(incomplete: str) -> list[tuple[str, str]]:
    from scimrunbook.explain import known_ids

    return [(name, kind) for name, kind in known_ids() if name.startswith(incomplete)]


@app.command(epilog='Example: scimrunbook explain --text "Conflict. Errors reported by remote server: already exists"')
def explain(
    id: Annotated[
        str | None,
        typer.Argument(
            help="A check, a cause, an Entra code or an Okta event type", autocompletion=_ids, show_default=False
        ),
    ] = None,
    text: Annotated[str | None, typer.Option(help="An error text or a sentence about what goes wrong")] = None,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin", help="JSON, one object a line: text, provider, kind, http_status, reach, others_succeed"
        ),
    ] = False,
    provider: Annotated[str | None, typer.Option(help="okta or entra: the steps in its own words")] = None,
    status: Annotated[int | None, typer.Option(help="The HTTP status, where it is known", min=100, max=599)] = None,
    reach: Annotated[str | None, typer.Option(help="Whom it hits: one, some or everybody")] = None,
    others_succeed: Annotated[
        bool | None, typer.Option("--others-succeed/--nobody-succeeds", help="Whether it works for other people")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What an error text, a code or an id means, and what to do. Exit code 3: the text alone does not decide."""
    from scimrunbook import explaining

    if sum((id is not None, text is not None, stdin)) != 1:
        fail("Give one of: an id, --text, --stdin.", 2)
    if stdin:
        guarded(lambda: explaining.stream())
    elif text is not None:
        guarded(lambda: explaining.say_text(text, provider, status, as_json, reach, others_succeed))
    else:
        guarded(lambda: explaining.say_id(str(id), as_json))
