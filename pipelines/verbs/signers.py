"""`gongping signers`: who may approve, each with one key; two of them sign every change."""

import re
from pathlib import Path

import click

from pipelines.cli import Group, Spoken, text
from pipelines.edges import process
from pipelines.publication import ssh
from pipelines.publication.signers import open_register, read_signers, signers_of_city
from pipelines.publication.state import FEWEST, load_settings
from pipelines.screen import show_signers
from pipelines.verbs import options

TRIAL = ("林一", "吴二")  # the people of the throw-away keys
KEYS = Path("keys")
COMMANDLINE = click.core.ParameterSource.COMMANDLINE


def signers_command() -> click.Command:
    """The verb with its parts."""
    parts = [_init(), _add(), _replace(), _revoke(), _agree(), _list()]
    return Group(
        "signers",
        {part.name: part for part in parts},
        callback=everybody,
        params=[options.out(), options.signers(), options.as_json()],
        invoke_without_command=True,
        help=text("cli.signers"),
    )


def _part(name: str, function, *parameters: click.Parameter) -> click.Command:
    around = (options.out(), options.signers(), options.as_json())
    return Spoken(name, callback=function, params=[*parameters, *around], help=text(f"signers.verb_{name}"))


def _init() -> click.Command:
    return _part(
        "init",
        init,
        click.Option(
            ["--signer", "people"],
            type=(str, click.Path(path_type=Path), str),
            multiple=True,
            help=text("signers.opt_signer"),
        ),
        click.Option(["--simulated"], is_flag=True, help=text("signers.opt_trial")),
        click.Option(
            ["--keys"], type=click.Path(path_type=Path), default=KEYS, show_default=True, help=text("signers.opt_keys")
        ),
    )


def _name() -> click.Argument:
    return click.Argument(["name"], metavar="NAME")


def _public() -> click.Option:
    return click.Option(["--public"], type=click.Path(path_type=Path), required=True, help=text("signers.opt_public"))


def _roles(required: bool) -> click.Option:
    return click.Option(["--role", "roles"], required=required, default="", help=text("signers.opt_roles"))


def _signing() -> tuple[click.Option, ...]:
    return click.Option(["--by"], help=text("signers.opt_by")), options.key()


def _why() -> click.Option:
    return click.Option(["--reason"], default="", help=text("signers.opt_why"))


def _add() -> click.Command:
    return _part("add", add, _name(), _public(), _roles(True), _why(), *_signing())


def _replace() -> click.Command:
    return _part("replace", replace, _name(), _public(), _roles(False), _why(), *_signing())


def _revoke() -> click.Command:
    return _part("revoke", revoke, _name(), _why(), *_signing())


def _agree() -> click.Command:
    return _part(
        "agree",
        agree,
        click.Option(["--by"], required=True, help=text("publication.opt_by")),
        options.key(),
        click.Option(["--change", "line"], type=int, help=text("signers.opt_change")),
    )


def _list() -> click.Command:
    return _part("list", list_them, click.Option(["--write"], is_flag=True, help=text("signers.opt_write")))


def everybody(out, signers, as_json) -> None:
    """Without a part: who may sign what; with one, it takes over what was said before its name."""
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        list_them(False, out, signers, as_json)
    given = {"out": out, "signers": signers, "as_json": as_json}
    said = {name: value for name, value in given.items() if context.get_parameter_source(name) is COMMANDLINE}
    context.default_map = {context.invoked_subcommand: said}


def init(people, simulated, keys, out, signers, as_json) -> None:
    """The first signers; their fingerprints are for the file of the office."""
    named_keys = [(name, ssh.public_key(file), _split(roles)) for name, file, roles in people]
    with _register(out, signers) as register:
        begun = begin_trial(register, keys) if simulated else register.begin(named_keys)
        copy = register.copy
    if as_json:
        options.print_json({"copy": copy, "signers": [_plain(one) for one in begun.all]})
        return
    click.echo(text("signers.says_init", n=len(begun.all), copy=copy))
    _show(begun.all)
    if simulated:
        click.echo(text("signers.says_keys", folder=keys))


def begin_trial(register, keys: Path):
    """Two people with throw-away keys, who may sign invented data in every role."""
    register.must_be_empty()
    roles = load_settings().roles
    made = [(name, ssh.make_pair(keys / name, f"SIMULATED {name}"), roles) for name in TRIAL]
    return register.begin(made, simulated=True)


def add(name, public, roles, reason, by, key, out, signers, as_json) -> None:
    """Propose another signer."""
    _change("add", name, by, key, out, signers, as_json, public=public, roles=_split(roles), reason=reason)


def replace(name, public, roles, reason, by, key, out, signers, as_json) -> None:
    """Propose another key for a signer."""
    _change("replace", name, by, key, out, signers, as_json, public=public, roles=_split(roles), reason=reason)


def revoke(name, reason, by, key, out, signers, as_json) -> None:
    """Propose to revoke a signer."""
    _change("revoke", name, by, key, out, signers, as_json, reason=reason)


def agree(by, key, line, out, signers, as_json) -> None:
    """Sign a change that waits."""
    with _register(out, signers) as register:
        _tell(register.agree(by, key, line), as_json)


def list_them(write, out, signers, as_json) -> None:
    """Signers, fingerprints, changes that wait."""
    if write:
        with _register(out, signers, rewrite=True) as register:
            click.echo(text("signers.says_written", copy=register.write_copy()), err=as_json)
    found, now = read_signers(out, signers or signers_of_city()), process.now()
    if as_json:
        options.print_json(
            {
                "signers": [_plain(one) for one in found.all],
                "waiting": [{**vars(one), "signer": None} for one in found.waiting],
            }
        )
        return
    if found.all:
        show_signers(found.all, now)
    else:
        click.echo(text("signers.says_none"))
    for change in found.waiting:
        _tell(change, False)


def _change(do: str, name: str, by, key, out, signers, as_json, public=None, **more) -> None:
    public_key = ssh.public_key(public) if public else ""
    with _register(out, signers) as register:
        change = register.propose(do, name, public_key, **more)
        if by:
            change = register.agree(by, key, change.line)
    _tell(change, as_json)


def _tell(change, as_json: bool) -> None:
    left = FEWEST - len(change.by)
    if as_json:
        options.print_json(
            {"change": change.line, "do": change.do, "name": change.name, "by": change.by, "in_force": left <= 0}
        )
        return
    what = text(f"signers.do_{change.do}", name=change.name)
    if left > 0:
        click.echo(text("signers.says_proposed", line=change.line, what=what, left=left))
    else:
        click.echo(text("signers.says_done", what=what))


def _register(out: Path, signers: Path | None, rewrite: bool = False):
    return open_register(out, signers or signers_of_city(), process.now(), rewrite)


def _show(people) -> None:
    for one in people:
        click.echo(text("signers.says_signer", name=one.name, roles="、".join(one.roles), fingerprint=one.fingerprint))


def _plain(one) -> dict:
    return {
        "name": one.name,
        "roles": one.roles,
        "fingerprint": one.fingerprint,
        "after": one.after,
        "before": one.before,
        "simulated": one.simulated,
    }


def _split(roles: str) -> tuple[str, ...]:
    return tuple(role for role in re.split(r"[,，、\s]+", roles) if role)
