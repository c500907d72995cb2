"""The command `gongping`: finds the language, loads the one verb asked for, turns refusals into exit codes."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from platform import python_version
from shlex import quote
from shutil import which
from traceback import extract_tb

import click

from pipelines.model.project import Project
from pipelines.model.words import LANGUAGES, Refusal, Words
from pipelines.wording import say

VERBS = {  # in the order in which people meet them, each with its module in `pipelines/verbs/`
    "demo": "project",
    "init": "project",
    "sample": "exports",
    "template": "exports",
    "check": "scoring",
    "run": "scoring",
    "watch": "scoring",
    "explain": "scoring",
    "diff": "scoring",
    "whatif": "rulebook",
    "roll-up": "scoring",
    "catalogue": "rulebook",
    "rulebook": "rulebook",
    "evaluators": "evaluators",
    "libraries": "libraries",
    "source": "exports",
    "pull": "exports",
    "serve": "service",
    "alerts": "service",
    "preview": "publication",
    "status": "publication",
    "objections": "publication",
    "signers": "signers",
    "checklist": "publication",
    "approve": "publication",
    "publish": "publication",
    "correct": "publication",
    "verify": "publication",
    "retain": "service",
    "calendar": "project",
    "doctor": "project",
}
WITHOUT_PROJECT = ("demo", "init")  # each works on a city of its own, wherever it is called
USAGE = 2
_COMMAND = re.compile(rf"(?<![\w./-])gongping(?= (?:{'|'.join(VERBS)})\b)")


class Spoken(click.Command):
    """A command whose help speaks the language of the call throughout."""

    def format_usage(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage line."""
        pieces = self.collect_usage_pieces(context)
        formatter.write_usage(context.command_path, " ".join(pieces), prefix=text("cli.usage") + " ")

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The options; for the group the verbs after them."""
        options = [one for one in self.get_params(context) if isinstance(one, click.Option)]
        records = [record for one in options if (record := one.get_help_record(context))]
        with formatter.section(text("cli.options")):
            formatter.write_dl([(names, _spoken(says)) for names, says in records])
        if isinstance(self, click.Group):
            self.format_commands(context, formatter)

    def get_help_option(self, context: click.Context) -> click.Option | None:
        """`--help`, described in the language of the call."""
        option = super().get_help_option(context)
        if option is not None:
            option.help = text("cli.help")
        return option


def _spoken(says: str) -> str:
    """click's own remarks on an option in the language of the call."""
    return says.replace("[required]", text("cli.required")).replace("[default: ", text("cli.default"))


class Group(Spoken, click.Group):
    """A verb with parts: help in the language of the call, and an unknown part answered with the nearest known one."""

    def resolve_command(self, context: click.Context, args: list[str]) -> tuple:
        """As click does, but for a name that there is not."""
        names = self.list_commands(context)
        if args and args[0] not in names and not args[0].startswith("-"):
            near = _nearest(get_close_matches(args[0], names, 1, 0.5))
            facts = {"name": args[0], "near": near, "command": context.command_path}
            raise click.UsageError(text("cli.no_such_verb", **facts), context)
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a part."""
        with formatter.section(text("cli.commands")):
            formatter.write_dl([(name, one.help or "") for name, one in self.commands.items()])


class Verbs(Group):
    """The verbs, imported when they are called, described without importing them."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Names of the verbs in the order in which people meet them."""
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb's command, built in the language of this call."""
        if name not in VERBS:
            return None
        _open_project(name, context.obj)
        return getattr(import_module(f"pipelines.verbs.{VERBS[name]}"), f"{key_of(name)}_command")()

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a verb."""
        with formatter.section(text("cli.commands")):
            formatter.write_dl([(name, text(f"cli.{key_of(name)}")) for name in VERBS])


def key_of(verb: str) -> str:
    """How a verb is named in Python, and the key of its sentence."""
    return verb.replace("-", "_")


def _open_project(verb: str, given: str | None) -> None:
    """Put the project file in force; the doctor alone goes on with one that is refused, and tells why."""
    from pipelines.edges import process
    from pipelines.project import take

    process.use(Project())
    try:
        if verb not in WITHOUT_PROJECT:
            take(given)
    except Refusal as refusal:
        if verb != "doctor":
            raise
        process.use(Project(problem=refusal.words))


def text(key: str, /, **facts: object) -> str:
    """A sentence in the language of this call."""
    return said(say(key, **facts))


def said(words: Words) -> str:
    """Words in the language of this call; a command in them can be copied into the shell that it was called from."""
    return _COMMAND.sub(lambda _: called(), words.into(language()))


@cache
def called() -> str:
    """What this command is called in the shell: `gongping` where PATH leads to it, else where it lies."""
    own = Path(sys.argv[0] if Path(sys.argv[0]).name == "gongping" else Path(sys.executable).with_name("gongping"))
    if not own.is_file():
        return f"{quote(sys.executable)} -m pipelines"
    found = which("gongping")
    if found and Path(found).samefile(own):
        return "gongping"
    here = Path.cwd()
    return quote(str(own.absolute().relative_to(here) if own.absolute().is_relative_to(here) else own.absolute()))


def language() -> str:
    """The language of this call: `--lang`, else GONGPING_LANG, else Chinese."""
    return os.environ.get("GONGPING_LANG", "zh")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code (interface.md, Exit codes)."""
    from pipelines.edges.process import silence_telemetry

    silence_telemetry()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    given, rest = _taken("--lang", list(sys.argv[1:] if arguments is None else arguments))
    with _speaking(given):
        project, rest = _taken("--project", rest)
        sys.exit(_run(rest, project))


def _run(arguments: list[str], project: str | None = None) -> int:
    try:
        return _group().main(arguments, prog_name="gongping", standalone_mode=False, obj=project) or 0
    except Refusal as refusal:
        click.echo(text("cli.refused", reason=refusal.words), err=True)
        return refusal.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message(), err=True)
        return USAGE
    except click.UsageError as problem:
        click.echo(text("cli.misused", reason=_misuse(problem)), err=True)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo(text("cli.interrupted"), err=True)
        return 1
    except BrokenPipeError:
        return 1
    except ImportError as problem:
        if os.environ.get("GONGPING_DEBUG"):
            raise
        from pipelines.lazy import EXTRAS, without

        name = (problem.name or "").partition(".")[0]
        of = [extra for extra, names in EXTRAS.items() if name in names]
        said_so = text("cli.no_library", problem=str(problem).splitlines()[0])
        click.echo(said(without(of[0], name)) if of else said_so, err=True)
        return 1
    except Exception as defect:
        if os.environ.get("GONGPING_DEBUG"):
            raise
        from pipelines.edges.machine import machine_fault

        if fault := machine_fault(defect):
            click.echo(text("cli.refused", reason=fault), err=True)
            return 1
        click.echo(text("cli.defect", kind=type(defect).__name__, place=_place(defect)), err=True)
        return 1


def _place(defect: Exception) -> str:
    """Where in the program it happened; what the exception says may hold data and is not shown."""
    last = extract_tb(defect.__traceback__)[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno}"


def _group() -> click.Group:
    return Verbs(
        "gongping",
        help=text("cli.gongping"),
        params=[
            click.Option(["--lang"], type=click.Choice(LANGUAGES), help=text("cli.lang")),
            click.Option(["--project"], metavar="FILE", help=text("cli.project")),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_version,
                help=text("cli.version"),
            ),
        ],
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )


def _version(context: click.Context, option: click.Parameter, asked: bool) -> None:
    """Version, the hash of the code as manifests give it, and the Python."""
    if not asked or context.resilient_parsing:
        return

    from pipelines.edges.fingerprints import code_version

    code = code_version()
    click.echo(text("cli.version_is", version=code["version"], code=code["sha256"][:12], python=python_version()))
    context.exit()


def _taken(option: str, arguments: list[str]) -> tuple[str | None, list[str]]:
    """The value of an option that may stand anywhere, "" where it lacks one, and the other words."""
    rest, given = [], None
    words = iter(arguments)
    for word in words:
        if word == option:
            given = next(words, "")
        elif word.startswith(f"{option}="):
            given = word.removeprefix(f"{option}=")
        else:
            rest.append(word)
    return given, rest


@contextmanager
def _speaking(given: str | None) -> Iterator[None]:
    """The whole call and the processes that it starts speak the language that was given; a later call does not."""
    if given is None:
        yield
        return
    if given not in LANGUAGES:
        click.echo(text("cli.misused", reason=text("cli.no_such_language", given=given)), err=True)
        sys.exit(USAGE)
    before = os.environ.get("GONGPING_LANG")
    os.environ["GONGPING_LANG"] = given
    try:
        yield
    finally:
        if before is None:
            del os.environ["GONGPING_LANG"]
        else:
            os.environ["GONGPING_LANG"] = before


def _misuse(problem: click.UsageError) -> str:
    """click's complaint in the language of this call, with the nearest right name where there is one."""
    if isinstance(problem, click.NoSuchOption):
        command = problem.ctx.command_path if problem.ctx else "gongping"
        near = _nearest(problem.possibilities or ())
        return text("cli.no_such_option", name=problem.option_name, near=near, command=command)
    if isinstance(problem, click.MissingParameter):
        return text("cli.missing", name=_named(problem.param, problem.ctx))
    if isinstance(problem, click.BadParameter):
        return text("cli.bad_value", name=_named(problem.param, problem.ctx), why=_why_bad(problem))
    if surplus := re.search(r"unexpected extra arguments? \((.*)\)", problem.message):
        return text("cli.surplus", given=surplus[1])
    return problem.format_message()


def _nearest(names: Sequence[str]) -> str:
    return text("cli.nearest", name=names[0]) if names else ""


def _why_bad(problem: click.BadParameter) -> str:
    """Why a value is refused: of the kinds that the options have, in the language of this call."""
    kind = problem.param.type if problem.param else None
    given = re.match(r"'?(.*?)'? is not ", problem.message)
    if given and isinstance(kind, click.Choice):
        return text("cli.not_of_these", given=given[1], known="、".join(map(str, kind.choices)))
    if given and isinstance(kind, click.types.IntParamType):
        ranged = isinstance(kind, click.IntRange)
        bounds = text("cli.between", low=kind.min, high=kind.max) if ranged else ""
        return text("cli.not_whole", given=given[1], bounds=bounds)
    return problem.message


def _named(parameter: click.Parameter | None, context: click.Context | None) -> str:
    """An option by its name, an argument by its place."""
    if isinstance(parameter, click.Option):
        return parameter.opts[0]
    return parameter.make_metavar(context) if parameter else ""
