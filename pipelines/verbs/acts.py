"""What the verbs on the way to publication share: who, when, under which settings; no verb itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from pipelines.cli import text
from pipelines.model.refusals import ContractStop, VerificationFailed
from pipelines.verbs import options


def person() -> tuple[click.Option, ...]:
    """`--by`, `--role` and `--key`."""
    return (*(click.Option([f"--{name}"], required=True, help=text(f"publication.opt_{name}"))
              for name in ("by", "role")), key())  # fmt: skip


def key() -> click.Option:
    """`--key`."""
    return click.Option(["--key"], type=click.Path(path_type=Path), help=text("signers.opt_key"))


def when() -> tuple[click.Option, ...]:
    """`--at`, `--settings` and `--signers`."""
    return (
        click.Option(["--at"], type=options.MomentType(), help=text("publication.opt_at")),
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
    from pipelines.publication.settings import load_settings
    from pipelines.publication.signers import SIGNERS

    return open_desk(out, period, at, load_settings(settings) if settings else None, signers=signers or SIGNERS)


def tell_of_sheet(edition, folder: Path) -> None:
    """Where the publication sheet lies, and that there is none on paper where that is so."""
    from pipelines.publication.sheet import PAPER

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
