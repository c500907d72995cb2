"""`gongping demo`: two sample quarters, scored; the newer one signed with throw-away keys, published and verified."""

import shutil
import sys
from datetime import datetime
from pathlib import Path
from shlex import quote

import click

from pipelines.cli import called, text
from pipelines.edges.scratch import scratch
from pipelines.model.period import Period
from pipelines.verbs import options
from pipelines.verbs.approve import approve
from pipelines.verbs.preview import preview
from pipelines.verbs.publish import publish
from pipelines.verbs.signers import TRIAL, begin_trial
from pipelines.verbs.verify import verify

PERIOD = Period.parse("2026Q3")
UNITS, CASES, SEED, DIRT = 40, 4000, 1, 12
SENT, SIGNED = datetime(2026, 10, 9, 9), datetime(2026, 10, 19, 9)  # the five working days to object lie between
ROLES = ("审核", "签发")


def command() -> click.Command:
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
    from pipelines.edges.office import DEMO_OFFICE
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
    from pipelines.edges import process
    from pipelines.publication.runs import run_in_force
    from pipelines.publication.signers import open_register

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
