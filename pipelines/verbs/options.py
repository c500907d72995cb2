"""Arguments and options that several verbs share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from pipelines.cli import Spoken, key_of, text
from pipelines.edges import process
from pipelines.model.period import After, Period
from pipelines.model.project import KEYS
from pipelines.model.words import ContractStop, UsageRefusal, VerificationFailed
from pipelines.wording import say


class PeriodType(click.ParamType):
    """A quarter such as 2026Q3."""

    name = "period"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> Period:
        """The Period, or a refusal that shows the form."""
        if isinstance(value, Period):
            return value
        try:
            return Period.parse(str(value))
        except ValueError:
            raise UsageRefusal(say("cli.no_period", given=value)) from None


class MomentType(click.ParamType):
    """A moment of local time; a date alone is its first instant."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> datetime:
        """The moment, or a refusal that shows the form."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value).strip().replace("/", "-"))
        except ValueError:
            raise UsageRefusal(say("cli.no_moment", given=value)) from None
        return to_local(moment) if moment.tzinfo else moment


class CutoffType(MomentType):
    """A moment, or days after the period."""

    name = "cutoff"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> datetime | After:
        """The moment or the days, or a refusal that shows both forms."""
        if isinstance(value, After):
            return value
        if after := After.parse(str(value)):
            return after
        try:
            return super().convert(value, param, context)
        except UsageRefusal:
            raise UsageRefusal(say("cli.no_cutoff", given=value)) from None


def to_local(moment: datetime) -> datetime:
    """A moment with an offset as local time of the project's zone."""
    return moment.astimezone(ZoneInfo(process.project().zone)).replace(tzinfo=None)


class ReadingType(click.ParamType):
    """A choice ID=VALUE."""

    name = "id=value"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> tuple:
        """The pair, or a refusal that shows the form."""
        name, equals, chosen = str(value).partition("=")
        if not (name.strip() and equals and chosen.strip()):
            raise UsageRefusal(say("cli.no_pair", given=value))
        return name.strip(), chosen.strip()


def pairs(name: str, to: str) -> click.Option:
    """An option ID=VALUE that may be given for several ids, as a dict; one id with two values is refused."""
    return click.Option(
        [f"--{name}", to], type=ReadingType(), multiple=True, callback=_one_value_each, help=text(f"cli.opt_{to}")
    )


def readings() -> click.Option:
    """Readings other than the rulebook's."""
    return pairs("reading", "readings")


def _one_value_each(context: click.Context, option: click.Parameter, given: tuple) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for name, value in given:
        if chosen.setdefault(name, value) != value:
            raise UsageRefusal(
                say("cli.two_values", option=option.opts[0], name=name, first=chosen[name], second=value)
            )
    return chosen


def verb(name: str, function, *parameters: click.Parameter) -> click.Command:
    """A verb from its function and parameters, described by `cli.<name>`."""
    return Spoken(name, callback=function, params=list(parameters), help=text(f"cli.{key_of(name)}"))


def period(name: str = "period", required: bool = True) -> click.Argument:
    """The quarter."""
    metavar = "PERIOD" if required else "[PERIOD]"
    return click.Argument([name], type=PeriodType(), metavar=metavar, required=required)


def of_project(name: str, says: str, **more: object) -> click.Option:
    """An option whose default the project file gives, by the key that names the option."""
    key = next(key for key, declared in KEYS.items() if declared["option"] == name)
    facts = {"type": click.Path(path_type=Path), "default": getattr(process.project(), key), "show_default": True}
    return click.Option([name], help=text(says), **{**facts, **more})


def office() -> click.Option:
    """The settings of the bulletin."""
    return of_project("--office", "publication.opt_office")


def exports() -> click.Option:
    """The folder of exports; by default the one that the project file gives to the verb's quarter."""

    def of_quarter(context: click.Context, option: click.Parameter, given: Path | None) -> Path | None:
        return given or process.project().exports_of(context.params["period"])

    return _exports(of_quarter if process.project().exports else None)


def exports_now() -> click.Option:
    """The folder of exports, for verbs that name a moment and no quarter; None where the project file is to say."""
    return _exports(None)


def _exports(callback) -> click.Option:
    exports = process.project().exports
    return click.Option(
        ["--exports"],
        type=click.Path(path_type=Path),
        required=not exports,
        show_default=exports or False,
        callback=callback,
        help=text("cli.opt_exports"),
    )


def out() -> click.Option:
    """The output folder."""
    return of_project("--out", "cli.opt_out")


def source() -> click.Option:
    """The mapping of a foreign export."""
    return of_project("--source", "cli.opt_source")


def absent() -> click.Option:
    """What the exports are declared not to hold."""
    return of_project("--absent", "cli.opt_absent", type=str, multiple=True, metavar="TABLE[.COLUMN]")


def rules() -> click.Option:
    """The rulebook folder."""
    return of_project("--rules", "cli.opt_rules")


def other_rules() -> click.Option:
    """The rulebook folder for what was scored before: by default the run's own, never the project's of today."""
    return click.Option(["--rules"], type=click.Path(path_type=Path), help=text("cli.opt_rules"))


def as_json() -> click.Option:
    """Machine-readable report."""
    return click.Option(["--json", "as_json"], is_flag=True, help=text("cli.opt_json"))


def print_json(document: object) -> None:
    """A report as JSON on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


# What the verbs on the way to publication share: who, when, under which settings; no verb itself.


def person() -> tuple[click.Option, ...]:
    """`--by`, `--role` and `--key`."""
    return (
        *(click.Option([f"--{name}"], required=True, help=text(f"publication.opt_{name}")) for name in ("by", "role")),
        key(),
    )


def key() -> click.Option:
    """`--key`."""
    return click.Option(["--key"], type=click.Path(path_type=Path), help=text("signers.opt_key"))


def when() -> tuple[click.Option, ...]:
    """`--at`, `--settings` and `--signers`."""
    return (
        click.Option(["--at"], type=MomentType(), help=text("publication.opt_at")),
        click.Option(["--settings"], type=click.Path(path_type=Path), help=text("publication.opt_settings")),
        signers(),
    )


def signers() -> click.Option:
    """`--signers`."""
    return click.Option(["--signers"], type=click.Path(path_type=Path), help=text("signers.opt_signers"))


def without_pdf() -> click.Option:
    """`--without-pdf`."""
    return click.Option(["--without-pdf"], is_flag=True, help=text("publication.opt_without_pdf"))


def desk(period, out: Path, at: datetime | None, settings: Path | None, signers: Path | None):
    """The quarter's record, open for one act; ``at`` is the typed time, ``settings`` those that the caller named."""
    from pipelines.publication.desk import open_desk
    from pipelines.publication.signers import signers_of_city
    from pipelines.publication.state import load_settings

    return open_desk(
        out, period, at, load_settings(settings) if settings else None, signers=signers or signers_of_city()
    )


def tell_of_sheet(edition, folder: Path) -> None:
    """Where the publication sheet lies, and that there is none on paper where that is so."""
    from pipelines.publication.pages import PAPER

    printed = PAPER in (edition.sheet or {})
    page = folder / (PAPER if printed else "publication.html")
    click.echo(text("publication.says_sheet" if printed else "publication.says_sheet_unprinted", file=page))


@contextmanager
def noted_stop(period, out: Path) -> Iterator[None]:
    """Note in a quarter's record, where it has one, that data or judges stopped its scoring.

    What was approved before is then not published until a run succeeds: the last that is known of the quarter is bad.
    """
    try:
        yield
    except (ContractStop, VerificationFailed) as refusal:
        from pipelines.publication.desk import record_stop
        from pipelines.publication.record import record_file

        if record_file(out, period).is_file():
            record_stop(refusal, out, period)
        raise
