"""The wheel in an empty environment far from the clone: it finds what it needs in itself and writes nothing there."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import pytest

from pipelines.cli import VERBS
from pipelines.edges.fingerprints import code_version
from pipelines.paths import ROOT
from tests.mutants import copy_of_the_project
from tests.shape.source import names

pytestmark = pytest.mark.long

LAID_OUT = ("data_contracts", "examples", "reports", "rules", "sql")  # whole folders of data
PERIOD = "2026Q2"  # of the page's walk
WALK = (ROOT / "docs" / "publication.md").read_text(encoding="utf-8").split("## The way, to try")[1]
WALK = WALK.split("```")[1].strip().splitlines()
VERIFIED = next(n for n, line in enumerate(WALK) if line.startswith("gongping verify"))


def of_town(line: str) -> str:
    """A command of the page in a project, whose exports lie in a folder a period, and without PDFs."""
    line = line.replace("--exports exports", f"--exports exports/{PERIOD}")
    line = line.replace("gongping sample exports", f"gongping sample exports/{PERIOD}")
    return f"{line} --without-pdf" if line.startswith("gongping publish") else line


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this clone, built without a network."""
    return built(ROOT, tmp_path_factory.mktemp("dist"))


def built(clone: Path, folder: Path, **environment: str) -> Path:
    """A clone's wheel, in a folder."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=clone, env={**os.environ, **environment}, check=True, capture_output=True)
    (file,) = folder.glob("gongping-*.whl")
    return file


class Elsewhere:
    """An environment with the wheel and the libraries of this one, and an empty folder to work in."""

    def __init__(self, folder: Path, wheel: Path):
        self.home, self.work = folder / "env", folder / "a place of work"
        self.work.mkdir()
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.home)], check=True)
        self.packages = next(self.home.glob("lib/python*/site-packages"))
        self._install(wheel)

    def _install(self, wheel: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.home / "bin" / "python"), "install"]
        subprocess.run([*pip, "-q", "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
        # A line in a .pth file brings the libraries, and not what their own .pth files bring: the clone.
        (self.packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")

    def run(self, command: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """A command of the environment."""
        return self._call([str(self.home / "bin" / command), *arguments], environment)

    def shell(self, line: str) -> subprocess.CompletedProcess:
        """A line as somebody copies it into a terminal."""
        return self._call(["/bin/sh", "-c", line], {})

    def _call(self, call: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
        """In the empty folder, with nothing of the environment on PATH."""
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "GONGPING_LANG": "en",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            **environment,
        }
        return subprocess.run(call, cwd=self.work, env=env, capture_output=True, text=True, timeout=300)

    def files(self) -> set[str]:
        """Everything that is installed."""
        return {str(file.relative_to(self.home)) for file in self.home.rglob("*")}


class Alone(Elsewhere):
    """An environment with what the wheel alone asks for, by uv or pip, and nothing of this one."""

    def _install(self, wheel: Path) -> None:
        uv = shutil.which("uv", path=f"{ROOT / '.tools' / 'bin'}{os.pathsep}{os.environ['PATH']}")
        pip = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
        to = ["install", "-q", "--python"] if uv else ["--python"]
        end = [] if uv else ["install", "-q", "--no-compile"]
        env = {**os.environ, "CPPFLAGS": "-DPyEval_CallObject=PyObject_CallObject"}
        subprocess.run([*pip, *to, str(self.home / "bin" / "python"), *end, str(wheel)], check=True, env=env)


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory) -> Elsewhere:
    """The wheel, installed away from the clone."""
    return Elsewhere(tmp_path_factory.mktemp("elsewhere"), wheel)


def test_the_wheel_holds_every_file_of_the_project_that_the_program_reads(wheel):
    ask = ["git", "ls-files", "-z", "pipelines", "gongping", *LAID_OUT]
    listed = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = {name if name.startswith(("pipelines", "gongping")) else f"pipelines/shipped/{name}"
              for name in listed.split("\0") if name and (ROOT / name).is_file()}
    names = set(ZipFile(wheel).namelist())
    assert len(wanted) > 300
    assert wanted - names == set()
    assert {f"pipelines/shipped/scripts/{name}" for name in ("fonts.sh", "common.sh", "fonts.manifest")} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"pipelines", "gongping"}


def test_the_wheel_is_the_same_bytes_when_somebody_else_builds_it_elsewhere(wheel, tmp_path):
    """From another path, at other times of the files, without others' rights to them, and beside what runs make."""
    there = copy_of_the_project(tmp_path / "别处 with blanks")
    (there / "pipelines" / "__pycache__").mkdir()
    (there / "pipelines" / "__pycache__" / "cli.pyc").write_bytes(b"x")
    for file in there.rglob("*"):
        if not file.is_symlink():
            os.utime(file, (978307200, 978307200))
            file.chmod(file.stat().st_mode & 0o700)
    other = {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "USER": "else", "HOME": "/nonexistent",
             "PYTHONHASHSEED": "3"}
    assert built(there, tmp_path / "dist", **other).read_bytes() == wheel.read_bytes()


def test_what_is_imported_is_the_wheel_under_both_of_its_names(elsewhere):
    output = elsewhere.run(
        "python",
        "-c",
        "import gongping, pipelines, json; from gongping import Quarter; "
        "from pipelines.edges.fingerprints import code_version; "
        "print(json.dumps([gongping.__file__, pipelines.__file__, Quarter is pipelines.Quarter, "
        "code_version()]))",
    )
    ours, theirs, same, code = json.loads(output.stdout)
    assert Path(ours).is_relative_to(elsewhere.packages) and Path(theirs).is_relative_to(elsewhere.packages)
    assert same
    assert code == code_version(), "a wheel must be the same code as the clone that it was built from"


def test_help_and_version_answer(elsewhere):
    output = elsewhere.run("gongping", "--help")
    assert output.returncode == 0 and "explains every point" in output.stdout, output.stderr
    version = elsewhere.run("gongping", "--version").stdout
    assert version.startswith("gongping 0.") and code_version()["sha256"][:12] in version
    assert elsewhere.run("python", "-m", "gongping", "--version").stdout == version


def test_the_demo_runs_and_what_it_tells_to_do_next_works_when_copied(elsewhere):
    before = elsewhere.files()
    done = elsewhere.run("gongping", "demo", "--no-pdf")
    assert done.returncode == 0, done.stderr
    run = elsewhere.work / "demo" / "out" / "2026Q3"
    with (run / "ranking.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 40
    assert (run / "quality" / "index.html").is_file()
    assert elsewhere.files() == before, "the package is not a place to write to"
    lines = [line.strip() for line in done.stdout.splitlines()]
    explain, diff = (next(line for line in lines if f"gongping {verb} " in line) for verb in ("explain", "diff"))
    for line in (explain, diff):
        output = elsewhere.shell(line)
        assert output.returncode == 0 and output.stdout.strip(), output.stderr
    on_path = next(line for line in lines if line.startswith("export PATH="))
    assert elsewhere.shell(f"{on_path}; gongping --version").returncode == 0
    astray = elsewhere.run("gongping", "explain", "U001", "2026Q3")
    assert astray.returncode == 2 and "add --out demo/out" in astray.stderr


def test_the_catalogue_does_not_call_clauses_untested_where_the_tests_are_not_at_hand(elsewhere):
    output = elsewhere.run("gongping", "catalogue", "--on", "2026-07-01")
    assert output.returncode == 0 and "the tests are in the source" in " ".join(output.stdout.split()), output.stderr


def test_what_set_up_fetches_goes_to_the_users_own_data_and_the_doctor_says_how(elsewhere):
    data = elsewhere.work / "data"
    checks = json.loads(elsewhere.run("gongping", "doctor", "--json", XDG_DATA_HOME=str(data)).stdout)
    fonts = next(check for check in checks if check["check"]["en"] == "fonts")
    script, folder = fonts["remedy"]["en"].removeprefix("sh ").split(" ", 1)
    assert Path(script).is_file() and Path(script).is_relative_to(elsewhere.packages)
    assert folder.strip("'") == str(data / "gongping")


def test_a_rule_engine_that_does_not_load_is_answered_with_the_line_that_builds_it(elsewhere):
    broken = elsewhere.work / "broken" / "durable"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('undefined symbol: PyEval_CallObject')", encoding="utf-8")
    checks = json.loads(elsewhere.run("gongping", "doctor", "--json", PYTHONPATH=str(broken.parent)).stdout)
    engine = next(check for check in checks if check["check"]["en"] == "rule engine durable_rules")
    assert not engine["ok"] and "PyEval_CallObject" in engine["found"]["en"]
    line = engine["remedy"]["en"]
    assert "CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject" in line and "'durable-rules==2.0.28'" in line


@pytest.fixture(scope="module")
def town(elsewhere) -> Path:
    """A city's project, made by the installed program; its period is scored every minute."""
    made = elsewhere.run("gongping", "init", "泽湖市")
    assert made.returncode == 0, made.stderr
    home = elsewhere.work / "泽湖市"
    sample = elsewhere.shell(f"cd {home.name} && {elsewhere.home / 'bin' / of_town(WALK[0])}")
    assert sample.returncode == 0, sample.stderr
    text = (home / "gongping.yaml").read_text(encoding="utf-8")
    own = f'schedules:\n  score: {{cron: "* * * * *", period: {PERIOD}, no_pdf: true}}\n'
    (home / "gongping.yaml").write_text(text[: text.index("schedules:")] + own, encoding="utf-8")
    return home


def test_a_project_of_ones_own_is_made_and_its_schedules_and_alerts_are_read(elsewhere, town):
    command = elsewhere.home / "bin" / "gongping"
    for words, said in (("serve --dry-run", "score: next at"), ("alerts", ""), ("status", "no period")):
        done = elsewhere.shell(f"cd {town.name} && {command} {words}")
        assert done.returncode == 0 and said in done.stdout + done.stderr, (words, done.stdout, done.stderr)
    assert str(command) in (town / "gongping.service").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_installed_program_scores_what_is_scheduled_and_people_publish_it(elsewhere, town):
    """From the wheel by the commands of the docs: a scheduled run is seen, previewed, signed, published, verified."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(elsewhere.home / "bin" / "gongping"), "serve", "--port", str(port)]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(elsewhere.home), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    log, end = town / "serve.log", time.monotonic() + 300
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=town, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        while not (town / "out" / PERIOD / "manifest.json").is_file():
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(1)
        process.terminate()
        assert process.wait(timeout=120) == 0, log.read_text()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert '"state": "begun"' in (town / "out" / ".log" / "runs.jsonl").read_text(encoding="utf-8")
    for line in WALK[2 : VERIFIED + 1]:  # after `sample` and `run`
        said = elsewhere.shell(f"cd {town.name} && PATH={elsewhere.home / 'bin'}:$PATH && {of_town(line)}")
        assert said.returncode == 0, (line, said.stdout, said.stderr)
    assert f"the same bytes as out/published/{PERIOD}/1" in said.stdout
    assert (town / "out" / "published" / PERIOD / "1" / "ranking.csv").is_file()


BASE = 500 * 10**6  # bytes
OF_EXTRA = {"serve": "schedule", "pull": "sources"}
LINES = (  # of every verb but demo and init, in a project; what the demo made lies in ../demo
    "run 2026Q2 --no-pdf",
    "check 2026Q2",
    "sample more --period 2026Q1 --units 5 --cases 40",
    "template forms",
    "watch 2026Q2 --at 2026-05-15",
    "explain U001 2026Q2",
    "diff 2026Q2 2026Q3 --out ../demo/out",
    "whatif 2026Q2 --set late_reply.deduct=1",
    "roll-up --help",
    "catalogue",
    "rulebook check rules",
    "evaluators --help",
    "libraries check 2026Q2",
    "source draft exports/2026Q2",
    "alerts",
    "preview 2026Q2",
    "objections 2026Q2",
    "status",
    "signers",
    "checklist 2026Q2",
    "approve --help",
    "publish --help",
    "correct --help",
    "verify 2026Q2 --exports exports/2026Q2",
    "retain",
    "calendar --help",
    "doctor --json",
    "serve",
    "pull 2026Q2",
)


def test_the_base_is_asked_of_every_verb():
    assert {line.split()[0] for line in LINES} | {"demo", "init"} == set(VERBS)


@pytest.mark.slow
def test_the_base_is_under_500_mb_and_every_verb_works_or_names_its_extra(wheel, tmp_path):
    """Of a new machine: nothing but what the wheel asks for. A network, or what uv has kept, is needed."""
    base = Alone(tmp_path, wheel)
    size = sum(file.lstat().st_size for file in base.home.rglob("*") if file.suffix != ".pyc")
    print(f"\nbase install: {size / 10**6:.0f} MB")
    assert 200 * 10**6 < size < BASE
    done = base.run("gongping", "demo", "--no-pdf")
    assert done.returncode == 0 and "no second program checks the accepted rows" in done.stdout, done.stderr
    assert base.run("gongping", "init", "泽湖市").returncode == 0
    command = base.home / "bin" / "gongping"
    source = 'sources:\n  ours: {kind: folder, folder: ".", files: ["*.csv"]}\nretention: {exports: 3 years}\n'
    with (base.work / "泽湖市" / "gongping.yaml").open("a", encoding="utf-8") as project:
        project.write(source)
    assert base.shell(f"cd 泽湖市 && {command} {of_town(WALK[0]).removeprefix('gongping ')}").returncode == 0
    for line in LINES:
        said = base.shell(f"cd 泽湖市 && {command} {line}")
        extra = OF_EXTRA.get(line.split()[0])
        if line.startswith("doctor"):  # which also finds that there are no fonts
            (found,) = [one for one in json.loads(said.stdout) if one["check"]["en"] == "extras"]
            assert not found["ok"] and found["remedy"]["en"] == "pip install 'gongping[schedule,sources]'"
        elif extra:
            assert said.returncode == 2 and said.stderr.splitlines()[-1].endswith(f"'gongping[{extra}]'"), said.stderr
        elif line == "doctor --json":  # the project has schedules
            assert said.returncode == 1 and "'gongping[schedule]'" in said.stdout, said.stdout
        else:
            assert said.returncode == 0, (line, said.stdout[-500:], said.stderr[-500:])
    every = [name for name in names()
             if not name.startswith("pipelines.flows") and not name.endswith(("__main__", "quality_process"))]
    imported = base.run("python", "-c", f"import importlib; [*map(importlib.import_module, {every})]")
    assert imported.returncode == 0, imported.stderr
    for name in ("great_expectations", "prefect", "altair", "scipy", "vl_convert", "fsspec"):
        assert base.run("python", "-c", f"import {name}").returncode == 1
