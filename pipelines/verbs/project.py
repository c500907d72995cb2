"""The verbs with which somebody begins: a city's project, this machine, a year's calendar, and the demo."""

import shutil
import sys
from datetime import datetime
from pathlib import Path
from shlex import quote

import click

from pipelines.cli import called, text
from pipelines.edges import process
from pipelines.edges.scratch import scratch
from pipelines.model.period import LENGTH, Period
from pipelines.model.words import UsageRefusal
from pipelines.paths import CALENDARS, INSTALLED
from pipelines.verbs import options
from pipelines.wording import say

# `gongping init`: a city's own project, a folder that runs at once.


def init_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "init",
        init,
        click.Argument(["city"], metavar="CITY"),
        click.Argument(["folder"], type=click.Path(path_type=Path), metavar="[DIR]", required=False),
        click.Option(["--from", "book"], default="standard", show_default=True, help=text("init.opt_from")),
        click.Option(
            ["--period", "kind"], type=click.Choice(tuple(LENGTH)), default=None, help=text("init.opt_period")
        ),
        options.as_json(),
    )


def init(city, folder, book, kind, as_json) -> None:
    """Write the folder; say what to do next."""
    from pipelines.scaffold import found

    made = found(folder or Path(city), city, book, kind or "")
    if as_json:
        options.print_json({"folder": made.folder, "period": str(made.period)})
    else:
        facts = {"period": made.period, "unit": made.unit_id}
        click.echo(text("init.made", name=city, folder=made.folder, cd=quote(str(made.folder)), **facts))


# `gongping doctor`: what is missing on this machine and the line that mends it.


def doctor_command() -> click.Command:
    """The verb with its options."""
    return options.verb("doctor", doctor, options.out(), options.as_json())


def doctor(out, as_json) -> None:
    """Print every check; exit 1 where one fails."""
    from pipelines.doctor import diagnose
    from pipelines.screen import show_checks

    checks = diagnose(out)
    if as_json:
        options.print_json(
            [{"check": vars(c.name), "ok": c.ok, "found": vars(c.found), "remedy": vars(c.remedy)} for c in checks]
        )
    else:
        show_checks(checks)
    if not all(check.ok for check in checks):
        raise click.exceptions.Exit(1)


# `gongping calendar`: a year of the working-day calendar from the State Council's notice.


def calendar_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "calendar",
        calendar,
        click.Argument(["year"], type=click.IntRange(1949, 9998), metavar="YEAR"),
        click.Argument(["notice"], type=click.Path(path_type=Path), metavar="[FILE]", required=False),
        click.Option(["--replace"], is_flag=True, help=text("calendar.opt_replace")),
        click.Option(["--print", "shown"], is_flag=True, help=text("calendar.opt_print")),
        options.as_json(),
    )


def calendar(year, notice, replace, shown, as_json) -> None:
    """Read FILE, or standard input for “-”, else ask the library; write the file of the year into the calendars."""
    from pipelines.edges.calendar import known_year, read_notice

    found = known_year(year) if notice is None else read_notice(_text(notice), year)
    days = {name: [day.isoformat() for day in getattr(found, name)] for name in ("days_off", "make_up_days")}
    if shown:
        options.print_json({"year": year, **days}) if as_json else click.echo(found.text(), nl=False)
        return
    folder = process.project().calendars
    if folder is None and INSTALLED:
        raise UsageRefusal(say("calendar.no_place"))
    file = (folder or CALENDARS) / f"{year}.yaml"
    if file.exists() and file.read_text(encoding="utf-8") != found.text() and not replace:
        raise UsageRefusal(say("calendar.there", file=file))
    file.write_text(found.text(), encoding="utf-8", newline="\n")
    if as_json:
        options.print_json({"year": year, **days, "file": str(file)})
        return
    click.echo(text("calendar.written", file=file, off=len(found.days_off), worked=len(found.make_up_days)))


def _text(notice: Path) -> str:
    try:
        content = sys.stdin.buffer.read() if str(notice) == "-" else notice.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as problem:
        raise UsageRefusal(say("calendar.unopened", file=notice, problem=problem.strerror)) from None
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


# `gongping demo`: two sample quarters, scored; the newer one signed with throw-away keys, published and verified.


PERIOD = Period.parse("2026Q3")
UNITS, CASES, SEED, DIRT = 40, 4000, 1, 12
SENT, SIGNED = datetime(2026, 10, 9, 9), datetime(2026, 10, 19, 9)  # the five working days to object lie between
ROLES = ("审核", "签发")


def demo_command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "demo",
        demo,
        click.Option(
            ["--out"],
            type=click.Path(path_type=Path),
            default=Path("demo"),
            show_default=True,
            help=text("cli.opt_out"),
        ),
        click.Option(["--no-pdf"], is_flag=True, help=text("cli.opt_no_pdf")),
    )


def demo(out, no_pdf) -> None:
    """Make, score and publish the quarter before and the quarter."""
    from pipelines.assess import Request, Run
    from pipelines.edges.located_yaml import DEMO_OFFICE
    from pipelines.sample.make import make_sample
    from pipelines.screen import progress, show_run

    for period in (PERIOD.previous, PERIOD):
        click.echo(text("cli.demo_quarter", period=period), err=True)
        exports = out / "exports" / str(period)
        make_sample(exports, period, UNITS, CASES, SEED, dirt=DIRT)
        pdf = period == PERIOD and not no_pdf  # the quarter before is there to be compared with
        request = Request(period, exports, out / "out", pdf=pdf, office=DEMO_OFFICE)
        with progress() as listener, Run(request, listener) as run:
            run.run()
    show_run(run)
    walk(out / "out", out / "signers")
    facts = {"before": PERIOD.previous, "period": PERIOD, "unit": run.standings[0].unit_id}
    click.echo(text("cli.demo_next", out=quote(str(out / "out")), **facts))
    if called() != "gongping":
        click.echo(text("cli.on_path", folder=quote(str(Path(sys.executable).parent))))


def walk(out: Path, signers: Path) -> None:
    """Preview, two signatures, publication and check of the invented quarter; the keys are thrown away.

    Left out, and said so, where there is no ssh-keygen or an earlier demo has begun the record in ``out``.
    """
    from pipelines.publication.record import record_file
    from pipelines.publication.ssh import TOOL
    from pipelines.verbs.publication import verify

    click.echo(text("cli.demo_walk", period=PERIOD), err=True)
    if not shutil.which(TOOL):
        click.echo(text("cli.demo_no_keys"))
    elif record_file(out, PERIOD).exists() or signers.exists():
        click.echo(text("cli.demo_walked", folder=quote(str(out.parent))))
        verify(PERIOD, None, out, None, None, None, signers, False)
    else:
        with scratch() as keys:
            _sign_and_publish(out, signers, keys)
        click.echo(text("cli.demo_keys_gone"))
        verify(PERIOD, None, out, None, None, None, signers, False)


def _sign_and_publish(out: Path, signers: Path, keys: Path) -> None:
    from pipelines.publication.record import run_in_force
    from pipelines.publication.signers import open_register
    from pipelines.verbs.publication import approve, preview, publish
    from pipelines.verbs.signers import TRIAL, begin_trial

    printed = run_in_force(out, PERIOD).manifest["printing"] != "none"
    given = {"out": out, "settings": None, "signers": signers, "as_json": False}
    preview(PERIOD, at=SENT, **given)
    with open_register(out, signers, process.now()) as register:
        begun = begin_trial(register, keys)
    for one in begun.all:
        click.echo(text("cli.demo_key", name=one.name, fingerprint=one.fingerprint))
    for name, role in zip(TRIAL, ROLES, strict=True):
        approve(PERIOD, name, role, keys / name, early="", ticked="all", given=(), at=SIGNED, **given)
    publish(PERIOD, without_pdf=not printed, at=SIGNED, **given)
