"""A verb builds only what it needs: its own options, and no pydantic where a value is taken as it was typed.

typer builds the options of every verb whichever was asked for, and reads even an absent option through pydantic; both
cost more than all that ``explain`` does. Values that have to be converted or checked still go typer's own way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperGroup
from typer.models import CommandInfo


class Verbs(TyperGroup):
    """The verbs; whichever is asked for reads its options the short way."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        _shorten(command.get_params(ctx) if command else ())
        return command

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _shorten(self.get_params(ctx))
        return super().parse_args(ctx, args)


def only(app: typer.Typer, arguments: list[str]) -> None:
    """Keeps of ``app`` what these arguments ask for: one verb, or for the list of verbs their names alone."""
    asked = arguments[0] if arguments else "--help"
    verbs = [c for c in app.registered_commands if name_of(c) == asked]
    if verbs:
        app.registered_commands = verbs
    elif asked == "--help" and len(arguments) < 2:
        for verb in app.registered_commands:
            verb.name, verb.help, verb.callback = name_of(verb), verb.help or verb.callback.__doc__, _no_options


def name_of(command: CommandInfo) -> str:
    return command.name or str(getattr(command.callback, "__name__", "")).replace("_", "-")


def _no_options() -> None:
    """Stands in for a verb that is only listed."""


def _shorten(parameters: Iterable[Any]) -> None:
    for parameter in parameters:
        parameter.process_value = _Short(parameter)


class _Short:
    """What stands in for typer's reading of one parameter: what is absent, and text where text is wanted, as it is."""

    def __init__(self, parameter: Any) -> None:
        self.parameter, self.typers = parameter, type(parameter).process_value
        self.text = (
            parameter.type_descriptor.annotation is str and parameter.type_descriptor.parameter_info.parser is None
        )

    def __call__(self, ctx: Any, value: Any) -> Any:
        of = self.parameter
        absent = value is None and not of.required
        if not absent and not (self.text and type(value) is str):
            return self.typers(of, ctx, value)
        if absent and (of.multiple or of.nargs == -1):
            value = ()
        return of.callback(ctx, of, value) if of.callback else value
