"""The frame: one list of dependencies, pinned; nothing of anybody's machine in the repository."""

from __future__ import annotations

import re
import subprocess
import tomllib

import yaml

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


def test_tracked_files_name_no_folder_of_a_machine() -> None:
    hit = subprocess.run(
        ["git", "grep", "-nIE", r"(^|[\"' =(])/(root|home|work|Users)/[A-Za-z.]"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert hit.stdout == ""


def test_the_ci_calls_the_test_command_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text()
    assert "make test\n" in ci and "make test-slow" in ci
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme and "make test" in readme
