"""Many incidents: one bad one never stops the rest, nothing is lost, nothing is done twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sweep.parts import Cluster, Sweep, complete, incidents
from scimrunbook import __version__
from scimrunbook import sweep as sweeps
from scimrunbook.problems import UserProblem
from scimrunbook.show.sweeping import before
from scimrunbook.sweep import Ledger, checked, local, opened, sweep, worst
from scimrunbook.sweep_before import look
from scimrunbook.sweep_claim import claimed
from scimrunbook.sweep_cluster import check_workers
from scimrunbook.sweep_work import Outcome, Task, _finished_already, about_worker, run_task
from tests.conftest import ROOT
from tests.kernels.test_fork import alive


class Inline(Executor):
    """Runs a task at once, in this process; ``deadly`` files break it as a dead process would."""

    def __init__(self, work: Callable[[Task], Outcome]) -> None:
        self.work = work

    def submit(self, fn, /, task: Task) -> Future:
        future: Future = Future()
        try:
            future.set_result(self.work(task))
        except BaseException as problem:
            future.set_exception(problem)
        return future


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name in "abcdef":
        (tmp_path / f"{name}.yaml").write_text(name)
    return [str(tmp_path / f"{name}.yaml") for name in "abcdef"]


def tasks_of(files: list[str]) -> list[Task]:
    return [Task(f, "s") for f in files]


def done(task: Task, **more) -> Outcome:
    return Outcome(task.file, sweeps.digest(task.file), "done", verdict="healthy", exit_code=0, **more)


@pytest.mark.parametrize("width", [1, 2, 6])
def test_a_process_that_dies_takes_only_its_own_incident_along(width: int, files: list[str], tmp_path: Path) -> None:
    tried: Counter[str] = Counter()

    def work(task: Task) -> Outcome:
        tried[task.file] += 1
        if task.file == files[2]:
            raise BrokenExecutor
        return done(task)

    ledger = Ledger(tmp_path, tasks_of(files))
    seen = list(sweep(tasks_of(files), ledger, sweeps.Cluster(lambda: Inline(work), width)))
    assert {o.state for f, o in ledger.finished.items() if f != files[2]} == {"done"}
    assert ledger.finished[files[2]].state == "failed" and "died" in ledger.finished[files[2]].problem
    assert seen[-1].done == seen[-1].total == 6 and seen[-1].failed == 1
    assert tried[files[2]] <= 3


def test_what_fails_on_the_way_to_a_worker_is_that_incident_alone(files: list[str], tmp_path: Path) -> None:
    def work(task: Task) -> Outcome:
        if task.file == files[1]:
            raise ModuleNotFoundError("no such module on the worker")
        return done(task)

    ledger = Ledger(tmp_path, tasks_of(files))
    list(sweep(tasks_of(files), ledger, sweeps.Cluster(lambda: Inline(work), 2)))
    assert [ledger.finished[f].state for f in files] == ["done", "failed", "done", "done", "done", "done"]
    assert "ModuleNotFoundError" in ledger.finished[files[1]].problem
    assert "no such module" in (tmp_path / "scimrunbook-error.log").read_text()


def test_what_is_finished_is_not_repeated_and_what_was_edited_or_failed_is(files: list[str], tmp_path: Path) -> None:
    tasks = tasks_of(files)
    first = Ledger(tmp_path, tasks)
    for task in tasks[:3]:
        first.add(done(task))
    first.add(Outcome(files[3], sweeps.digest(files[3]), "failed"))
    first.add(Outcome(files[4], sweeps.digest(files[4]), "refused", problem="its exports could not be read"))
    with (tmp_path / "done.jsonl").open("a") as file:
        file.write('{"file": "half a li')  # killed while it wrote
    Path(files[0]).write_text("edited")
    ran: list[str] = []

    def work(task: Task) -> Outcome:
        ran.append(task.file)
        return done(task)

    ledger = Ledger(tmp_path, tasks)
    list(sweep(tasks, ledger, sweeps.Cluster(lambda: Inline(work), 2)))
    assert sorted(ran) == sorted([files[0], *files[3:]])
    assert set(Ledger(tmp_path, tasks).finished) == set(files)


def test_a_line_cut_off_inside_a_letter_costs_no_other(files: list[str], tmp_path: Path) -> None:
    tasks = tasks_of(files)
    Ledger(tmp_path, tasks).add(done(tasks[0]))
    with (tmp_path / "done.jsonl").open("ab") as file:
        file.write('{"file": "Grö'.encode()[:-1])  # killed while it wrote
    resumed = Ledger(tmp_path, tasks)
    assert set(resumed.finished) == {files[0]}
    resumed.add(done(tasks[1]))
    assert set(Ledger(tmp_path, tasks).finished) == set(files[:2])


def test_a_sweep_needs_nothing_that_only_unix_has(files: list[str], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.delattr(os, "pread", raising=False)
    tasks = tasks_of(files)
    name = opened([Path(f) for f in files], tmp_path, {}).name
    ledger = Ledger(tmp_path / ".sweeps" / name, tasks)
    list(sweep(tasks, ledger, sweeps.Cluster(lambda: Inline(done), 2)))
    assert set(Ledger(ledger.folder, tasks).finished) == set(files)


def test_the_same_command_goes_on_and_another_begins_anew(files: list[str], tmp_path: Path) -> None:
    paths, options = [Path(f) for f in files], {"notebooks": True}
    name = opened(paths, tmp_path, options).name
    assert opened(paths, tmp_path, options).name == name
    assert opened(paths[1:], tmp_path, options).name != name
    assert opened(paths, tmp_path, {"notebooks": False}).name != name
    assert opened(paths, tmp_path, options, fresh=True).name != name
    Ledger(tmp_path / ".sweeps" / name, []).end()
    assert opened(paths, tmp_path, options).name != name


def test_a_sweep_that_was_cut_off_last_night_is_not_gone_on_with(files: list[str], tmp_path: Path) -> None:
    """What it finished is yesterday's data; tonight's sweep would end at once and call that the news."""
    paths = [Path(f) for f in files]
    old = opened(paths, tmp_path, {}).name
    for hours, same in ((sweeps.RESUME_HOURS - 1, True), (sweeps.RESUME_HOURS + 1, False)):
        at = time.time() - hours * 3600
        os.utime(tmp_path / ".sweeps" / old / "sweep.json", (at, at))
        found = opened(paths, tmp_path, {})
        assert (found.name == old) is same and (found.too_old is None) is same
    assert "all run anew" in before(found.too_old, [], 6)[0]


@pytest.mark.parametrize("text", ["[]", "{}", '{"state": "open"}'])
def test_what_is_no_record_of_a_sweep_is_passed_over(text: str, files: list[str], tmp_path: Path) -> None:
    (tmp_path / ".sweeps" / "9999").mkdir(parents=True)
    (tmp_path / ".sweeps" / "9999" / "sweep.json").write_text(text)
    paths = [Path(f) for f in files]
    assert opened(paths, tmp_path, {}).name == opened(paths, tmp_path, {}).name != "9999"


def test_no_file_is_run_twice_and_none_at_all_is_told(files: list[str]) -> None:
    assert len(checked([Path(files[0]), Path(files[0]), Path(files[1])])) == 2
    with pytest.raises(UserProblem, match="sweep parameters"):
        checked([])


@given(st.lists(st.sampled_from([0, 1, 2, 3, 70]), min_size=1))
def test_the_exit_code_is_the_worst(codes: list[int]) -> None:
    found = worst([Outcome("f", "", "done", exit_code=c) for c in codes])
    assert found in codes
    rank = [0, 3, 1, 2, 70]
    assert rank.index(found) == max(rank.index(c) for c in codes)


def test_a_bad_file_is_an_outcome_and_the_run_of_this_sweep_is_adopted(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "parameters", tmp_path / "parameters")
    good = str(tmp_path / "parameters" / "demo-entra.yaml")
    task = Task(good, "s1", notebooks=False, probe="off")
    first = run_task(task)
    assert (first.state, first.verdict, first.finding) == ("done", "problem", "token.did_not_change")
    assert run_task(task).folder == first.folder, "it was finished; only nobody had heard"
    assert _finished_already(Task(good, "s2"), Path(good), "demo-entra", first.sha256) is None
    twin = tmp_path / "other" / "demo-entra.yaml"  # of the same name and wording, but other exports lie beside it
    task = Task(str(twin), "s1", str(tmp_path / "outputs"))
    assert _finished_already(task, twin, "demo-entra", first.sha256) is None
    bad = run_task(Task(str(tmp_path / "absent.yaml"), "s1"))
    assert (bad.state, bad.exit_code) == ("refused", 2) and "no such file" in bad.problem


CASES = [("okta", "none"), ("okta", "create_off"), ("okta", "token_expired"), ("okta", "not_assigned"),
         ("entra", "none"), ("entra", "paused"), ("entra", "wrong_region"), ("entra", "names_empty")]  # fmt: skip


@pytest.fixture(scope="module")
def forty(tmp_path_factory) -> list[tuple[Path, str]]:
    """Forty incident files with their exports, and the finding that each must name first."""
    return incidents(tmp_path_factory.mktemp("forty"), 40, CASES, seeds=1)


@pytest.mark.slow
def test_a_sweep_killed_half_way_goes_on_and_repeats_nothing(forty, tmp_path: Path) -> None:
    files = [path for path, _ in forty]
    with Sweep(files, tmp_path / "outputs", "--jobs", "2") as killed:
        killed.until(10, 100)
    assert 10 <= len(list(killed.outputs.glob("S-*"))) < 40
    with Sweep(files, killed.outputs, "--jobs", "2") as again:
        assert again.wait(150) == 1, again.errors()
    assert "are done" in again.errors()
    assert again.findings() == [finding for _, finding in forty]
    assert len(complete(killed.outputs)) == 40
    assert (killed.outputs / "index.html").is_file() and (killed.outputs / "index.parquet").is_file()


@pytest.mark.slow
def test_a_cluster_judges_the_same_though_everything_is_killed_once(forty, tmp_path: Path) -> None:
    """A worker, then the scheduler, then the sweep itself while both workers are at an incident."""
    pytest.importorskip("distributed")
    files = [path for path, _ in forty]
    with Cluster(tmp_path / "cluster") as cluster:
        with Sweep(files, tmp_path / "outputs", "--scheduler", cluster.ready().address) as killed:
            killed.until(6, 60)
            cluster.kill_a_worker()
            killed.until(14, 60)
            cluster.restart_scheduler()
            killed.until(22, 90)
        with Sweep(files, killed.outputs, "--scheduler", cluster.ready().address) as again:
            assert again.wait(150) == 1, again.errors()
    assert again.findings() == [finding for _, finding in forty]
    assert len(complete(killed.outputs)) == 40, "nothing is done twice"


def test_a_worker_that_cannot_do_its_part_is_told_before_anything_runs(tmp_path: Path) -> None:
    fit = {"version": __version__, "missing": []}
    assert about_worker([str(tmp_path), str(tmp_path / "x")]) == {**fit, "missing": [str(tmp_path / "x")]}
    check_workers({"tcp://a:1": fit, "tcp://b:1": fit})
    for unfit, said in (
        (ModuleNotFoundError("x"), "cannot load scimrunbook"),
        ({**fit, "version": "0.0"}, "has scimrunbook 0.0"),
        ({**fit, "missing": ["/srv/a.yaml"]}, "does not see /srv/a.yaml"),
    ):
        with pytest.raises(UserProblem, match=f"tcp://b:1 {said}"):
            check_workers({"tcp://a:1": fit, "tcp://b:1": unfit})


def test_what_nobody_can_answer_at_night_is_said_at_once(tmp_path: Path) -> None:
    head = "incident: {}\nidentity_provider: okta\ncatalog_host: app.castordoc.com\n"
    okta = "okta: {{org_url: 'https://{}.okta.com', token: '{}'}}\n"
    for name, org, token in (("A", "a", "env:T"), ("B", "a", "env:T"), ("C", "b", "prompt"), ("D", "a", "env:T")):
        (tmp_path / f"{name}.yaml").write_text(head.format("A" if name == "D" else name) + okta.format(org, token))
    (tmp_path / "E.yaml").write_text("incident: [")
    known = look([tmp_path / f"{n}.yaml" for n in "ABCDE"], lambda *_: None)
    assert [p.stem for p in known.paths] == ["A", "C", "E", "B", "D"], "organisations take turns"
    unusable, asking, twice = known.notes
    assert "E.yaml" in unusable and "C.yaml" in asking and "prompt" in asking
    assert "A.yaml" in twice and "D.yaml" in twice and "incident A" in twice
    assert "both" not in twice, "they may be more than two"


def test_a_process_waits_for_the_one_that_is_at_the_same_incident(tmp_path: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from scimrunbook.sweep_claim import claimed\n"
        "with claimed(Path(sys.argv[1]), 'a.yaml'): print('held', flush=True); sys.stdin.read()"
    )
    entered = threading.Event()

    def second() -> None:
        with claimed(tmp_path, "a.yaml"):
            entered.set()

    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout and first.stdout.readline() == b"held\n"
        waiting = threading.Thread(target=second, daemon=True)
        waiting.start()
        with claimed(tmp_path, "b.yaml"):
            assert not entered.wait(0.1)
        first.kill()  # however it ends
        assert entered.wait(10)


def test_workers_end_with_the_sweep_however_that_ends() -> None:
    """Two processes of a pool wait for ever where their parent is killed: each holds the pipe open for the other."""
    script = (
        "import os, time; from scimrunbook.sweep import local\n"
        "pool = local(2).make(); [pool.submit(time.sleep, 0.1) for _ in range(2)]\n"
        "pool.submit(os.getpid).result(); print(*pool._processes, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2 and all(map(alive, workers))
        parent.kill()
    end = time.monotonic() + 10
    while any(map(alive, workers)):
        assert time.monotonic() < end, "a worker outlived its sweep"
        time.sleep(0.05)


def test_more_incidents_at_a_time_than_memory_bears_are_not_the_default(monkeypatch) -> None:
    told = {
        "/proc/meminfo": "MemTotal: 9 kB\nMemAvailable:  4096000 kB\n",
        "/sys/fs/cgroup/memory.max": "max\n",
        "/sys/fs/cgroup/memory.current": "1048576\n",
    }

    def read_text(path: Path, *_: str) -> str:
        if str(path) not in told:
            raise FileNotFoundError(path)
        return told[str(path)]

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(Path, "read_text", read_text)
    assert sweeps.default_jobs() == 4000 // sweeps.MEMORY_PER_INCIDENT_MB
    told["/sys/fs/cgroup/memory.max"] = str((1 + 1300) << 20)  # a container's limit is less than the machine has
    assert sweeps.default_jobs() == 1300 // sweeps.MEMORY_PER_INCIDENT_MB
    assert local(5).width == 5
