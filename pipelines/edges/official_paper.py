"""The bulletin on paper: the office's settings and the fonts' widths brought to the official document."""

from collections.abc import Callable
from fractions import Fraction

from pipelines.edges.fonts import absent, widths
from pipelines.edges.office import load_office
from pipelines.edges.templates import render
from pipelines.edges.wording import say
from pipelines.model.assessment import Assessment
from pipelines.model.office import Office
from pipelines.model.words import Words
from pipelines.paths import FONTS
from pipelines.views.official import Official

TEMPLATE = "bulletin/gb9704.html.j2"


def official_sheet(assessment: Assessment, bulletin: dict, office: Office | None = None) -> str:
    """The HTML to print of a bulletin page; UsageRefusal where the office's settings are wrong."""
    office = office or assessment.office or load_office()
    official = Official(assessment, office, advance_of(office), say)
    return render(TEMPLATE, official.page(bulletin), paper=True)


def absent_fonts(assessment: Assessment) -> tuple[Words, ...]:
    """A notice where the office names a font that is not there: another would stand in for it without a word."""
    office = assessment.office or load_office()
    lacking = absent((family for families in office.fonts.values() for family in families), FONTS)
    return (say("publish.absent_fonts", fonts="、".join(lacking), folder=FONTS.name),) if lacking else ()


def advance_of(office: Office) -> Callable[[str], Callable[[str], Fraction]]:
    """The width of a character by font use; a character of no font of ours counts as one em, as Chinese ones are."""

    def by_use(use: str) -> Callable[[str], Fraction]:
        fonts = [widths(family, FONTS) for family in office.fonts[use]]
        return lambda c: next((font[c] for font in fonts if c in font), Fraction(1))

    return by_use
