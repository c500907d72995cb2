"""`gongping verify`: record, published bytes, and with the exports the whole quarter computed again."""

from pathlib import Path

import click

from pipelines.cli import language, text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb(
        "verify",
        verify,
        options.period(),
        click.Option(["--exports"], type=click.Path(path_type=Path), help=text("publication.opt_again")),
        options.out(),
        options.other_rules(),
        options.source(),
        options.office(),
        options.signers(),
        options.as_json(),
    )


def verify(period, exports, out, rules, source, office, signers, as_json) -> None:
    """Check, and say what was checked; exit 5 at the first difference."""
    from pipelines.publication.signers import signers_of_city
    from pipelines.publication.verify import verify as check
    from pipelines.screen import progress

    again = None
    if exports:
        from pipelines.publication.verify import Again

        again = Again(exports, rules, source, office)
    with progress() as listener:
        verdict = check(out, period, again, listener, signers or signers_of_city())
    if as_json:
        notices = [notice.into(language()) for notice in verdict.notices]
        options.print_json({"period": str(period), **vars(verdict), "notices": notices})
        return
    click.echo(text("publication.verified", events=verdict.events, editions=len(verdict.editions), files=verdict.files))
    if verdict.recomputed and verdict.same_bytes:
        click.echo(text("publication.verified_again", folder=verdict.recomputed))
    for notice in verdict.notices:
        click.echo(notice.into(language()))
