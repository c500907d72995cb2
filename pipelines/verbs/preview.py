"""`gongping preview`: the run in force goes to the units, who may object from now on."""

import click

from pipelines.cli import said, text
from pipelines.verbs import options


def command() -> click.Command:
    """The verb with its options."""
    return options.verb("preview", preview, options.period(), options.out(), *options.when(), options.as_json())


def preview(period, out, at, settings, signers, as_json) -> None:
    """Note the preview; say its revision."""
    from pipelines.publication.desk import checklist_of, note_preview
    from pipelines.publication.pages import write_checklist
    from pipelines.publication.preview import preview_folder, signs_of_damage

    with options.desk(period, out, at, settings, signers) as desk:
        seen, bound = note_preview(desk), desk.state.settings
        signs, found = signs_of_damage(desk.run()), checklist_of(desk)
        page = write_checklist(out, period, desk.state, desk.run(), found)
    folder = preview_folder(out, period, seen)
    if as_json:
        options.print_json(
            {
                "period": str(period),
                **vars(seen),
                "folder": folder,
                "settings": bound,
                "seems_cut": [vars(sign) for sign in signs],
                "stops": [vars(one) for one in found.stops],
            }
        )
    else:
        click.echo(
            text("publication.previewed", period=period, revision=seen.revision, run=seen.run[:16], folder=folder)
        )
        for sign in signs:
            click.echo("· " + said(sign))
        click.echo(text("publication.says_settings", **{**bound, "roles": "、".join(bound["roles"])}))
        for one in found.stops:
            click.echo(text("checklist.must") + "：" + said(one))
        click.echo(text("checklist.written", file=page))
