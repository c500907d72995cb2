"""`gongping evaluators`: a step, how things stand, the panel's report, appointments, reminders."""

from pathlib import Path

import click

from pipelines.cli import Group, Spoken, text
from pipelines.edges import process
from pipelines.edges.private import make_key
from pipelines.evaluators.desk import DEFAULT, Work, moments_between, send_ready, standing_at, take_steps, work_at
from pipelines.evaluators.log import anchor_of
from pipelines.evaluators.reports import write_appointments, write_certificate, write_report
from pipelines.model.project import PLACE
from pipelines.model.words import UsageRefusal
from pipelines.paths import STANDARD_RULES
from pipelines.verbs import options
from pipelines.wording import say

YEAR = 366 * 24  # hours


def evaluators_command() -> click.Command:
    """The verb with its parts."""
    parts = [_step(), _status(), _report(), _appointments(), _send(), _key()]
    return Group("evaluators", {part.name: part for part in parts}, help=text("cli.evaluators"), no_args_is_help=True)


def _part(name: str, function, *parameters: click.Parameter) -> click.Command:
    return Spoken(name, callback=function, params=list(parameters), help=text(f"evaluators.verb_{name}"))


def _path(name: str, **more: object) -> click.Option:
    help = text(f"evaluators.opt_{name}")
    return click.Option([f"--{name}"], type=click.Path(path_type=Path), help=help, **more)


def _at(required: bool = True) -> click.Option:
    return click.Option(["--at"], type=options.MomentType(), required=required, help=text("evaluators.opt_at"))


def _step() -> click.Command:
    return _part(
        "step",
        step,
        _at(required=False),
        options.exports_now(),
        _path("inbox"),
        options.out(),
        _path("state"),
        _path("evaluations"),
        click.Option(["--from", "first"], type=options.MomentType(), help=text("evaluators.opt_from")),
        click.Option(
            ["--every"], type=click.IntRange(1, YEAR), default=1, show_default=True, help=text("evaluators.opt_every")
        ),
        options.rules(),
        options.readings(),
        options.as_json(),
    )


def _status() -> click.Command:
    return _part("status", status, _at(required=False), options.out(), _path("state"), options.as_json())


def _report() -> click.Command:
    return _part(
        "report",
        report,
        _at(),
        options.exports_now(),
        options.out(),
        _path("state"),
        click.Option(["--pdf"], is_flag=True, help=text("evaluators.opt_pdf")),
        options.rules(),
        options.as_json(),
    )


def _appointments() -> click.Command:
    return _part(
        "appointments",
        appointments,
        _at(),
        options.exports_now(),
        options.out(),
        _path("state"),
        click.Option(["--certificate"], help=text("evaluators.opt_certificate")),
        options.rules(),
        options.as_json(),
    )


def _send() -> click.Command:
    return _part(
        "send",
        send,
        _path("notify", required=True),
        options.out(),
        _path("state"),
        click.Option(["--again"], help=text("evaluators.opt_again")),
        options.as_json(),
    )


def _key() -> click.Command:
    return _part("key", key)


def folder_of(out: Path, state: Path | None) -> Path:
    """The restricted folder: the one named, else the usual one under ``out``."""
    return state or out / DEFAULT


def step(at, exports, inbox, out, state, evaluations, first, every, rules, readings, as_json) -> None:
    """Do all that is due now, or was at ``at``; say how much it was, never whose."""
    now = at or process.now()
    if exports is None:
        work = _of_project(now, inbox, out, state, evaluations, rules, readings)
    else:
        work = Work(exports, inbox, folder_of(out, state), rules or STANDARD_RULES, readings, evaluations)
    typed = moments_between(first, now, every) if first or at else None
    outcome = take_steps(work, typed)
    if as_json:
        options.print_json({**vars(outcome), "counts": dict(sorted(outcome.counts.items()))})
        return
    done = "，".join(f"{text(f'evaluators.did_{kind}')} {n}" for kind, n in sorted(outcome.counts.items()))
    click.echo(text("evaluators.stepped", at=outcome.at, done=done or text("evaluators.did_nothing")))
    click.echo(text("evaluators.stands", open=outcome.open, waiting=outcome.waiting, folder=work.state))
    if anchor_of(work.state) is None:
        click.echo(text("evaluators.elsewhere", folder=work.state))
    if outcome.turned:
        click.echo(text("evaluators.rows_turned_away", n=outcome.turned, exports=work.exports))
    if outcome.later:
        click.echo(text("evaluators.later_actions", n=outcome.later, at=outcome.at))
    if outcome.counts["refused"]:
        click.echo(text("evaluators.actions_refused", n=outcome.counts["refused"], folder=work.state))


def _of_project(at, inbox, out: Path, state: Path | None, evaluations=None, rules=None, readings=None):
    """The work of the quarters that the project file's exports have at a moment."""
    if evaluations and PLACE not in str(evaluations):  # two quarters may be under way, each with its own table
        raise UsageRefusal(say("evaluators.place_of_table", place=PLACE))
    file = str(evaluations) if evaluations else None
    exports, folder = process.project().exports, folder_of(out, state)
    return work_at(at, exports, inbox, out, folder, file, rules or STANDARD_RULES, readings)


def status(at, out, state, as_json) -> None:
    """How many case rows stand where; those that wait by case number, reminders that did not go out."""
    found = standing_at(folder_of(out, state), at)
    if as_json:
        options.print_json(found)
        return
    if not found["cases"]:
        click.echo(text("evaluators.status_nothing"))
    for name, n in found["cases"].items():
        click.echo(f"{text(f'evaluators.state_{name}')}  {n}")
    for one in found["waiting"]:
        click.echo(text("evaluators.waits", case=one["case_id"], unit=one["unit_id"], since=one["since"]))
    for station, ids in found["reminders"].items():
        if ids:
            click.echo(text(f"evaluators.reminders_{station}", n=len(ids), ids=" ".join(ids[:20])))


def report(at, exports, out, state, pdf, rules, as_json) -> None:
    """Write the panel's report into the restricted folder."""
    exports = exports or _of_project(at, None, out, state).exports
    found = write_report(exports, folder_of(out, state), at, rules or STANDARD_RULES, pdf)
    if as_json:
        options.print_json({"files": [str(file) for file in found]})
    else:
        click.echo(text("evaluators.reported", files=" ".join(str(file) for file in found)))


def appointments(at, exports, out, state, certificate, rules, as_json) -> None:
    """Write the list of appointments that end, or one evaluator's certificate; both stay restricted."""
    folder, book = folder_of(out, state), rules or STANDARD_RULES
    exports = exports or _of_project(at, None, out, state).exports
    if certificate:
        found = [write_certificate(exports, folder, certificate, at, book).parent]  # the file's name tells whose it is
    else:
        found = write_appointments(exports, folder, at, book)
    if as_json:
        options.print_json({"files": [str(file) for file in found]})
    else:
        click.echo(text("evaluators.appointments_written", files=" ".join(str(file) for file in found)))


def send(notify, out, state, again, as_json) -> None:
    """Send the reminders that are ready."""
    counts = send_ready(folder_of(out, state), notify, again or "")
    if as_json:
        options.print_json(dict(sorted(counts.items())))
        return
    for outcome, n in sorted(counts.items()):
        click.echo(text(f"evaluators.send_{outcome}", n=n))
    if not counts:
        click.echo(text("evaluators.send_nothing"))


def key() -> None:
    """Make the key of the pseudonyms."""
    click.echo(text("evaluators.key_made", file=make_key()))
