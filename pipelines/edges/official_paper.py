"""The bulletin on paper: the office's settings and the fonts' widths brought to the official document."""

from collections.abc import Callable
from fractions import Fraction

from pipelines.edges.fonts import widths
from pipelines.edges.office import load_office
from pipelines.edges.templates import render
from pipelines.edges.wording import say
from pipelines.model.assessment import Assessment
from pipelines.model.office import Office
from pipelines.views.official import Official

TEMPLATE = "bulletin/gb9704.html.j2"


def official_sheet(assessment: Assessment, bulletin: dict, office: Office | None = None) -> str:
    """The HTML to print of a bulletin page; UsageRefusal where the office's settings are wrong."""
    office = office or assessment.office or load_office()
    official = Official(assessment, office, advance_of(office), say)
    return render(TEMPLATE, official.page(bulletin), paper=True)


def advance_of(office: Office) -> Callable[[str], Callable[[str], Fraction]]:
    """The width of a character by font use; a character of no font of ours counts as one em, as Chinese ones are."""

    def by_use(use: str) -> Callable[[str], Fraction]:
        fonts = [widths(family) for family in office.fonts[use]]
        return lambda c: next((font[c] for font in fonts if c in font), Fraction(1))

    return by_use
