"""`gongping serve`: a Prefect server of the project's own and the flows that its file schedules, in one process group.

Server, database, password and logs lie in `.prefect/` beside the project file, for the account that serves alone.
"""

import asyncio
import fcntl
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from pathlib import Path
from threading import Event, Thread
from zoneinfo import ZoneInfo

from pipelines.edges.process import SILENT
from pipelines.model.project import Project, Schedule
from pipelines.model.words import Refusal, UsageRefusal
from pipelines.project import FLOWS, take
from pipelines.wording import say

HOME = ".prefect"
HOST = "127.0.0.1"  # whoever wants it elsewhere puts a proxy with its own log-in before it
USER = "gongping"
PATIENCE = 120  # seconds for the server to answer
ONE = 1  # run at a time: a second one waits for the first
LOOK, AGAIN = 10, 60  # seconds between two looks for a killed run, and after one that could not be told of


@dataclass(frozen=True)
class Service:
    """A server's address and the file that holds its log-in (`user:password`)."""

    home: Path
    port: int

    @property
    def url(self) -> str:
        """Of the pages."""
        return f"http://{HOST}:{self.port}"

    @property
    def login(self) -> Path:
        """The file with user and password."""
        return self.home / "login"

    def environment(self) -> dict[str, str]:
        """What the server and its clients must have in their environment before Prefect is imported."""
        login = self.login.read_text(encoding="utf-8").strip()
        return SILENT | {
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_SERVER_API_AUTH_STRING": login,
            "PREFECT_API_AUTH_STRING": login,
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_SERVER_DATABASE_TIMEOUT": "60",  # seconds; 10 are too few for SQLite on a busy small machine
        }


@dataclass(frozen=True)
class Served:
    """One scheduled flow and when it will run next, in the city's zone."""

    schedule: Schedule
    next: datetime


def home_of(project: Project) -> Path:
    """The folder of the project's server."""
    return (project.file.parent / HOME).absolute()


@contextmanager
def server(project: Project, port: int) -> Iterator[Service]:
    """Start the project's server and stop it at the end.

    The environment of this process leads to it. UsageRefusal if another `gongping serve` of the project runs, or if
    the port is taken; Refusal if the server does not start.
    """
    home = home_of(project)
    home.mkdir(mode=0o700, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageRefusal(say("serve.twice", file=project.file)) from None
        service = Service(home, port)
        _log_in(service.login)
        if _answers(service):
            raise UsageRefusal(say("serve.port_taken", port=port))
        os.environ.update(service.environment())
        log = home / "server.log"
        with log.open("a", encoding="utf-8") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)],
                cwd=home,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait_for(service, process, log)
            yield service
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _log_in(file: Path) -> None:
    """Make a password at the first start; the file is for the owner alone."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(f"{USER}:{secrets.token_urlsafe(18)}\n")


def _answers(service: Service) -> bool:
    try:
        urllib.request.urlopen(f"{service.url}/api/health", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False
    return True


def _wait_for(service: Service, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not _answers(service):
        if process.poll() is not None or time.monotonic() > end:
            raise Refusal(say("serve.no_server", log=log))
        time.sleep(0.2)


def served(project: Project) -> list[Served]:
    """The project's schedules with the next moment of each; UsageRefusal (file, line) for what a flow does not take."""
    from prefect.server.schemas.schedules import CronSchedule

    found = []
    for one in project.schedules:
        _checked(project, one)
        try:
            schedule = CronSchedule(cron=one.cron, timezone=project.zone)
        except ValueError:
            raise _refused(project, one, "bad_cron", word=one.cron) from None
        moment = asyncio.run(schedule.get_dates(1))[0].astimezone(ZoneInfo(project.zone))
        found.append(Served(one, moment.replace(tzinfo=None)))
    return found


def _checked(project: Project, one: Schedule) -> dict[str, object]:
    """The parameters of a schedule, as the flow takes them."""
    flow = _flow(one)
    known = set(signature(flow.fn).parameters) - {"project"}
    for word, _ in one.parameters:
        if word not in known:
            near = get_close_matches(word, known, 1, 0.4)
            hint = say("project.nearest", word=near[0]) if near else ""
            raise _refused(
                project, one, "bad_parameter", flow=one.flow, word=word, hint=hint, known="、".join(sorted(known))
            )
    given = {**dict(one.parameters), "project": str(project.file.absolute())}
    try:
        typed = flow.validate_parameters(given)
    except Exception as problem:  # whatever pydantic or Prefect makes of it: the sentence is the same
        raise _refused(project, one, "bad_value", flow=one.flow, why=str(problem).splitlines()[0]) from None
    plain = flow.serialize_parameters(typed)
    return {word: plain[word] for word in given}


def _refused(project: Project, one: Schedule, reason: str, **facts: object) -> UsageRefusal:
    what = say(f"project.{reason}", **facts)
    return UsageRefusal(say("project.at", file=project.file, line=one.line, what=what))


def _flow(one: Schedule):
    return getattr(import_module(f"pipelines.flows.{FLOWS[one.flow]}"), one.flow)


def run(project: Project) -> None:
    """Register the schedules and run what falls due, one run after the other, until SIGTERM or SIGINT."""
    from prefect.deployments.runner import EntrypointType
    from prefect.runner import Runner

    class Serving(Runner):
        def handle_sigterm(self, *_: object) -> None:
            """As Prefect's own, which leaves by SystemExit from the middle of its loop and prints what that breaks."""
            self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self.astop()))

    os.chdir(project.file.absolute().parent)
    _end_orphans()
    runner = Serving(pause_on_shutdown=True, limit=ONE)
    for one in project.schedules:
        deployment = _flow(one).to_deployment(
            one.flow,
            schedules=[{"schedule": {"cron": one.cron, "timezone": project.zone}, "active": True}],
            parameters=_checked(project, one),
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        runner.add_deployment(deployment)
    signal.signal(signal.SIGINT, runner.handle_sigterm)
    asyncio.run(runner.start())


@contextmanager
def telling(project: Project) -> Iterator[None]:
    """Look for killed runs meanwhile and tell of them at once: the flow `alerts` may wait behind a long one."""
    end = Event()
    if project.alerts:
        Thread(target=_tell_of_killed, args=(take(str(project.file.absolute())), end), daemon=True).start()
    try:
        yield
    finally:
        end.set()


def _tell_of_killed(project: Project, end: Event) -> None:
    from pipelines.flows.office import tell
    from pipelines.publication.alerts import killed, not_sent

    pause = 0
    while not end.wait(pause):
        pause = LOOK
        try:
            if not_sent(project.out, killed(project.out)) and tell(project)[0] != "sent":
                pause = AGAIN
        except (Refusal, OSError) as problem:  # the flow fails by it too, and is told of
            print(problem, file=sys.stderr)
            pause = AGAIN


def _end_orphans() -> None:
    """Runs that a killed process left Running are marked Crashed: only one process serves, and it has just begun."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.states import Crashed, StateType

    running = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING])))
    with get_client(sync_client=True) as client:
        for one in client.read_flow_runs(flow_run_filter=running):
            client.set_flow_run_state(one.id, Crashed(message=str(say("serve.orphan"))), force=True)
