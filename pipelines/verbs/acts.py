"""What the verbs on the way to publication share: who, when, under which settings; no verb itself."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli import text
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
