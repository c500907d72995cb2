"""`gongping calendar`: a year of the working-day calendar from the State Council's notice."""

import sys
from pathlib import Path

import click

from pipelines.cli import text
from pipelines.edges import process
from pipelines.model.refusals import UsageRefusal
from pipelines.verbs import options
from pipelines.wording import say


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "calendar",
        calendar,
        click.Argument(["year"], type=click.IntRange(1949, 9998), metavar="YEAR"),
        click.Argument(["notice"], type=click.Path(path_type=Path), metavar="[FILE]", required=False),
        click.Option(["--replace"], is_flag=True, help=text("calendar.opt_replace")),
        click.Option(["--print", "shown"], is_flag=True, help=text("calendar.opt_print")),
    )


def calendar(year, notice, replace, shown) -> None:
    """Read FILE, or standard input for “-”, else ask the library; write the file of the year into the calendars."""
    from pipelines.holidays import known_year, read_notice
    from pipelines.paths import CALENDARS, INSTALLED

    found = known_year(year) if notice is None else read_notice(_text(notice), year)
    if shown:
        click.echo(found.text(), nl=False)
        return
    folder = process.project().calendars
    if folder is None and INSTALLED:
        raise UsageRefusal(say("calendar.no_place"))
    file = (folder or CALENDARS) / f"{year}.yaml"
    if file.exists() and file.read_text(encoding="utf-8") != found.text() and not replace:
        raise UsageRefusal(say("calendar.there", file=file))
    file.write_text(found.text(), encoding="utf-8", newline="\n")
    click.echo(text("calendar.written", file=file, off=len(found.days_off), worked=len(found.make_up_days)))


def _text(notice: Path) -> str:
    try:
        content = sys.stdin.buffer.read() if str(notice) == "-" else notice.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as problem:
        raise UsageRefusal(say("calendar.unopened", file=notice, problem=problem.strerror)) from None
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")
