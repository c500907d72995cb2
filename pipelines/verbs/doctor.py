"""`gongping doctor`: what is missing on this machine and the line that mends it."""

import click

from pipelines.verbs import options


def command() -> click.Command:
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
