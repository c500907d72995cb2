"""Jinja2: page dicts → HTML, everything escaped, an unknown name an error."""

from functools import cache

from markupsafe import Markup

from pipelines.paths import REPORTS

STYLE = "shared/base.css"


@cache
def environment():
    """The one environment: templates of `reports/`, compiled once, autoescape for every suffix."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(REPORTS),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["style"] = Markup(style())  # noqa: S704 - our own file, no data in it
    return made


@cache
def style() -> str:
    """The style sheet that screen and paper share."""
    return (REPORTS / STYLE).read_text(encoding="utf-8")


def render(
    template: str, page: dict, paper: bool = False, pdf: bool = False, quality: bool = False, libraries: bool = False,
    alone: bool = False,
) -> str:
    """The HTML of ``reports/<template>`` for a page dict.

    ``paper`` leaves out what only a screen can use; ``pdf``, ``quality`` and ``libraries`` tell that a printed twin
    and the reports on quality and libraries lie beside the page; ``alone`` that no other page does.
    """
    beside = {"pdf": pdf, "quality": quality, "libraries": libraries, "alone": alone}
    facts = {"page": page, "frame": page["frame"], "paper": paper, **beside}
    return environment().get_template(template).render(facts)
