"""The frame: one list of dependencies, pinned; nothing of anybody's machine in the repository."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib

import pytest
import yaml

from scimrunbook.cli import EXIT, app
from scimrunbook.sources.exports.leaks import take_out
from tests.conftest import ROOT


def wanted() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    return {*project["dependencies"], *(d for extra in extras for d in extra)}


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ;]", requirement)[0].lower().replace("_", "-")


def test_conda_users_get_the_same() -> None:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(d["pip"] for d in dependencies if isinstance(d, dict))
    assert pip[0] == "-c constraints.txt"
    assert set(pip[1:]) == wanted()
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert f"python{python}" in dependencies


def test_every_dependency_is_pinned_and_no_index_is_named() -> None:
    lines = [ln for ln in (ROOT / "constraints.txt").read_text().splitlines() if ln and not ln.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line) for line in lines)
    pinned = {name_of(line) for line in lines}
    assert {name_of(d) for d in wanted()} <= pinned


def git(*arguments: str) -> str:
    """What git says; skips where this is no clone."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    "pattern",
    [
        r"(^|[\"' =(:])/(root|home|work|tmp|opt)/[A-Za-z.]",
        r"/Users/[A-Za-z]+/[A-Za-z]",
        r"[A-Z]:\\{1,2}Users",
        r"(--|^)(extra-)?index[-_]url|pythonhosted|find[-_]links",
    ],
)
def test_tracked_files_name_no_folder_of_a_machine_and_no_index(pattern: str) -> None:
    assert git("grep", "-nIE", pattern, "--", ":!tests/test_frame.py") == ""


def test_no_tracked_file_holds_a_token() -> None:
    names = [n for n in git("ls-files", "-z").split("\0") if (ROOT / n).is_file()]
    assert len(names) > 50
    told = {name: take_out((ROOT / name).read_text("utf-8", errors="replace"))[1] for name in names}
    assert {name: found for name, found in told.items() if found} == {}


def test_the_readme_promises_what_the_command_line_has() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    verbs = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
    named = set(re.findall(r"(?:bin/|`)scimrunbook ([a-z]+)", readme))
    assert {"init", "run", "check", "simulate"} <= named <= verbs
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^(?:    )?make ([a-z-]+)", readme, re.MULTILINE)) <= targets
    for number, word in re.findall(r"(\d+) ([a-z]+)", EXIT):
        assert number == "4" or f"{number} {word}" in readme, "exit codes are told as they are"
    links = re.findall(r"\]\((?!https://)([^)#]+)", readme)
    assert links and all((ROOT / link).exists() for link in links)


def test_the_ci_calls_the_test_commands() -> None:
    script = ROOT / ".ci" / "run"
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n") and "set -euo pipefail" in text
    assert "make test\n" in text and "make test-slow\n" in text
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], capture_output=True).returncode == 0
