"""What the verbs on the way to publication share: who, when, under which settings; no verb itself."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import click

from pipelines.cli import text
from pipelines.model.refusals import ContractStop, Refusal, VerificationFailed
from pipelines.verbs import options


def person() -> tuple[click.Option, click.Option]:
    """`--by` and `--role`."""
    return tuple(click.Option([f"--{name}"], required=True, help=text(f"publication.opt_{name}"))
                 for name in ("by", "role"))  # fmt: skip


def when() -> tuple[click.Option, click.Option]:
    """`--at` and `--settings`."""
    return (
        click.Option(["--at"], type=options.MomentType(), help=text("publication.opt_at")),
        click.Option(["--settings"], type=click.Path(path_type=Path), help=text("publication.opt_settings")),
    )


def without_pdf() -> click.Option:
    """`--without-pdf`."""
    return click.Option(["--without-pdf"], is_flag=True, help=text("publication.opt_without_pdf"))


def moment(at: datetime | None) -> datetime:
    """The moment given, else now by the city's clock."""
    return at or options.to_local(datetime.now().astimezone())


def desk(period, out: Path, at: datetime | None, settings: Path | None):
    """The quarter's record, open for one act."""
    from pipelines.publication.desk import open_desk
    from pipelines.publication.settings import load_settings

    return open_desk(out, period, moment(at), load_settings(settings))


@contextmanager
def noted_stop(period, out: Path) -> Iterator[None]:
    """Note in a quarter's record, where it has one, that data or judges stopped its scoring.

    What was approved before is then not published until a run succeeds: the last that is known of the quarter is bad.
    """
    try:
        yield
    except (ContractStop, VerificationFailed) as refusal:
        from pipelines.publication.desk import note_stop
        from pipelines.publication.record import record_file

        if record_file(out, period).is_file():
            with suppress(Refusal), desk(period, out, None, None) as opened:  # people must see the reason itself
                note_stop(opened, refusal.words)
        raise
