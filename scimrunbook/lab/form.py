"""Choosing an incident from ``parameters/``, or making one: questions and model are those of ``init``.

The form writes the file that ``scimrunbook init`` would write, never over an existing one; uploads go into the folder
of exports beside it. A token is never typed here: the form takes where it is to be found, or that somebody is asked.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from scimrunbook import guide
from scimrunbook.incident_file import read_incident
from scimrunbook.init import Question, questions, render
from scimrunbook.lab.copies import START, prepare
from scimrunbook.lab.parts import Busy, Place, button, field, row, said
from scimrunbook.problems import UserProblem
from scimrunbook.runfolder import write
from scimrunbook.schema import FILE_NAME
from scimrunbook.schema import as_text as schema_text
from scimrunbook.show.cards import fragment
from scimrunbook.show.panels import Panel
from scimrunbook.show.words import esc
from scimrunbook.sources.exports.candidates import Choice, choices

_LABEL = {
    "incident": "Ticket",
    "identity_provider": "Who provisions Catalog?",
    "catalog_host": "Where is Catalog opened?",
    "people": "Who, for example?",
    "summary": "In one sentence",
    "window": "When did it fail?",
    "catalog.configured_base_url": "Base URL in the provider",
    "exports": "Folder of exports",
    "okta.org_url": "Okta org address",
    "okta.app_id": "Okta app id",
    "okta.token": "Okta API token",
    "entra.tenant_id": "Entra directory id",
    "entra.service_principal_id": "Enterprise app object id",
    "entra.job_id": "Provisioning job id",
    "entra.client_id": "Client id that reads Graph",
    "entra.credential": "Client secret or token",
    "catalog.token": "Catalog SCIM token",
}
_PROVIDERS = {"Okta": "okta", "Microsoft Entra ID": "entra"}
_KINDS = [
    ("nobody has it, or leave it out", ""),
    ("ask me when it is needed", "prompt"),
    ("in an environment variable named …", "env:"),
    ("in the system's keyring as service/user …", "keyring:"),
    ("in a private file at …", "file:"),
]


class Reference:
    """Where a token is to be found: a kind, and a name for it. There is no field for the token itself."""

    def __init__(self, label: str) -> None:
        self.kind = field(widgets.Dropdown, label, options=_KINDS, value="")
        self.name = field(
            widgets.Text, "its name there", layout=widgets.Layout(width="min(100%,46rem)", display="none")
        )
        self.kind.observe(self._changed, names="value")
        self.box = widgets.VBox([self.kind, self.name])

    def _changed(self, _: object) -> None:
        self.name.layout.display = "" if self.kind.value.endswith(":") else "none"

    @property
    def value(self) -> str:
        kind = str(self.kind.value)
        return kind + str(self.name.value).strip() if kind.endswith(":") else kind


class Symptoms:
    """What people see, as plain sentences to tick."""

    def __init__(self) -> None:
        self.ticks = {
            name: widgets.Checkbox(
                description=f"{s.title}: {s.sentence}", indent=False, layout=widgets.Layout(width="98%")
            )
            for name, s in guide.SYMPTOMS.items()
        }
        self.box = widgets.VBox([said("What do people see?"), *self.ticks.values()])
        self.box.add_class("srb-ticks")  # sentences wrap

    @property
    def value(self) -> list[str]:
        return [name for name, tick in self.ticks.items() if tick.value]


class NewIncident:
    """The form. ``create`` writes the file and prepares its notebooks."""

    def __init__(self, parameters: Path) -> None:
        self.parameters = parameters
        self.fields: dict[str, Any] = {}
        for question in questions():
            self.fields[question.key] = _widget(question)
        self.upload = widgets.FileUpload(
            multiple=True, description="Add exported files", layout=widgets.Layout(width="16rem")
        )
        self.chosen: dict[str, Any] = {}  # where the files hold several applications or jobs: which one is meant
        self.choices = widgets.VBox([])
        self.button = button("Write the incident file", button_style="primary")
        self.busy = Busy(self.button)
        self.fields["identity_provider"].observe(self._provider_changed, names="value")
        self._provider_changed()

    def box(self) -> widgets.VBox:
        """Everything to fill in, in the order in which it is asked."""
        rows = [getattr(self.fields[q.key], "box", self.fields[q.key]) for q in questions() if q.key != "exports"]
        hint = said("Exported files, recognised by content. Copy big ones (over 10 MB) into the folder.")
        files = [self.fields["exports"], hint, self.upload]
        return widgets.VBox([*rows, *files, self.choices, row(self.button, self.busy.box)])

    def answers(self) -> dict[str, Any]:
        """What was filled in, by question, without what belongs to the other provider."""
        provider = self.fields["identity_provider"].value
        given: dict[str, Any] = {}
        for question in questions(provider):
            value = self.fields[question.key].value
            value = value.strip() if isinstance(value, str) else value
            if value and (not question.needs or given.get(question.needs)):
                given[question.key] = value
        return given

    def create(self) -> Path:
        """Writes uploads and file. Raises UserProblem or IncidentError; then nothing was written."""
        given = self.answers()
        uploads = _uploaded(self.upload.value)
        if uploads and not given.get("exports"):
            given["exports"] = f"{given.get('incident', 'incident')}-exports"
        text = self._chosen(given, uploads)
        path = self.parameters / f"{given['incident']}.yaml"
        if path.exists():
            raise UserProblem(
                f"{path.name} exists already and was left as it is. Choose it above, or name another ticket."
            )
        folder = self.parameters / str(given.get("exports", ""))
        if uploads and not folder.resolve().is_relative_to(self.parameters.resolve()):
            raise UserProblem("Files can be added to a folder beside the incident file only. Leave the folder empty.")
        if there := [name for name in uploads if (folder / name).exists()]:
            raise UserProblem(
                f"{', '.join(there)}: in the folder {folder.name} already, and left as it is. Nothing was written. "
                "Take it out of what is added, or name another folder."
            )
        self.parameters.mkdir(parents=True, exist_ok=True)
        for name, content in uploads.items():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / name).write_bytes(content)
        write(path, text)
        if not (self.parameters / FILE_NAME).exists():
            write(self.parameters / FILE_NAME, schema_text())
        self.upload.value = ()  # what was uploaded lies in the folder now, and in no widget
        return path

    def _chosen(self, given: dict[str, Any], uploads: dict[str, bytes]) -> str:
        """The text of the file. Where the exports hold several applications or jobs: offers them, raises UserProblem.

        What is uploaded is looked at in a folder that is gone afterwards.
        """
        given |= {key: field.value for key, field in self.chosen.items() if field.value}
        text = render(given)
        unclear = self._unclear(text, self.parameters / str(given["exports"])) if given.get("exports") else []
        if uploads:
            with tempfile.TemporaryDirectory() as looked_at:
                for name, content in uploads.items():
                    (Path(looked_at) / name).write_bytes(content)
                unclear += [c for c in self._unclear(text, Path(looked_at)) if c.key not in {u.key for u in unclear}]
        unclear = [c for c in unclear if c.key not in given]
        if unclear:
            for choice in unclear:
                label = "Which provisioning job?" if choice.key == "entra.job_id" else "Which application?"
                options = [("choose …", ""), *choice.options]
                self.chosen[choice.key] = field(widgets.Dropdown, label, options=options, value="")
            self.choices.children = [said("The files hold several. Which one is meant?"), *self.chosen.values()]
            raise UserProblem(
                "The exported files hold several applications or provisioning jobs. Nothing was written yet: choose "
                "above the button which one is meant, then press it again."
            )
        return text

    @staticmethod
    def _unclear(text: str, folder: Path) -> list[Choice]:
        return choices(folder, read_incident(text.encode(), Path("new incident")).incident)

    def _provider_changed(self, _: object = None) -> None:
        provider = self.fields["identity_provider"].value
        for question in questions():
            if question.provider:
                widget = getattr(self.fields[question.key], "box", self.fields[question.key])
                widget.layout.display = "" if question.provider == provider else "none"


def choose(current: str, parameters: Path) -> None:
    """The chooser, and below it, folded, the form for a new incident."""
    known = sorted(p for p in parameters.glob("*.y*ml") if p.is_file()) if parameters.is_dir() else []
    names = [p.name for p in known]
    first = Path(current).name if Path(current).name in names else (names[0] if names else None)
    picker = field(widgets.Dropdown, "Incident", options=names, value=first)
    press = button("Open its notebooks", disabled=not names)
    busy = Busy(press)
    form = NewIncident(parameters)
    start = button("Make a new incident …")
    head = [picker, row(press, start, busy.box)]
    shown = widgets.VBox(head)
    display(shown)  # type: ignore[no-untyped-call]
    # what came of it stands in the cell's own output, where the saved notebook keeps it
    name = Path(current).name
    place = Place(_panel(f"This notebook shows {name}." if name else "Choose an incident, or make a new one."))

    def open_it(_: object) -> None:
        busy.run(lambda: place.show(opened(parameters / str(picker.value))), place)

    def new(_: object) -> None:
        start.disabled = True
        shown.children = [*head, form.box()]

    def created(_: object) -> None:
        form.busy.run(lambda: place.show(opened(form.create(), "The incident file is written.")), place)

    press.on_click(open_it)
    start.on_click(new)
    form.button.on_click(created)


def opened(path: Path, first: str = "") -> Panel:
    """Prepares the notebooks of an incident and says where they are, with a link."""
    folder = prepare(path)
    target = Path(os.path.relpath(folder.resolve() / START, Path.cwd())).as_posix()
    html = fragment(
        f'<div class="srb-card srb-pass"><p>{esc(first)} '
        f'<a href="{esc(target)}">Open the notebooks of {esc(path.stem)}</a></p>'
        f"<p class='srb-soft'>They lie at {esc(target)}</p></div>"
    )
    return Panel(html, f"{first} Open {target}", {"incident": path.name})


def _widget(question: Question) -> Any:
    label = _LABEL.get(question.key, question.question)
    if question.key == "symptoms":
        return Symptoms()
    if question.key.split(".")[-1] in ("token", "credential"):
        return Reference(label)
    if question.key == "identity_provider":
        return field(widgets.Dropdown, label, options=list(_PROVIDERS.items()), value="okta")
    if question.key == "catalog_host":
        hosts = [(f"{host} ({region.name})", host) for host, region in guide.REGIONS.items()]
        return field(widgets.Dropdown, label, options=hosts, value=hosts[0][1])
    hint = {"window": "2026-11-20T00:00Z/2026-11-22T00:00Z", "incident": "CAT-1042"}.get(question.key, "")
    return field(widgets.Text, label, placeholder=hint or question.help[:90], tooltip=question.help)


def _uploaded(files: Any) -> dict[str, bytes]:
    """What was added, by a name that leads nowhere. Raises UserProblem where one file would take another's place."""
    found: dict[str, bytes] = {}
    for file in files:
        name = _safe(str(file["name"]))
        if name in found:
            raise UserProblem(f"Two of the added files would both be named {name}. Rename one and add it again.")
        found[name] = bytes(file["content"])
    return found


def _safe(name: str) -> str:
    """A file name as the browser gave it, without anything that leads elsewhere."""
    bare = re.sub(r"[^\w.()+ -]", "_", re.split(r"[\\/]", name)[-1]).strip(" .")
    if not bare:
        raise UserProblem("A file without a usable name was added. Rename it and add it again.")
    return bare[:120]


def _panel(text: str) -> Panel:
    return Panel(fragment(f"<p>{esc(text)}</p>"), text, {})
