"""Bonus points A4: awards, once per matter, under a cap."""

from fractions import Fraction
from unicodedata import name, normalize

from .ledger import Line
from .moments import month_of
from .quarter import Quarter
from .tables import Row

AWARD_POINTS = {
    "public_praise": Fraction(1, 2),
    "city_leader_praise": Fraction(2),
    "province_leader_praise": Fraction(5),
    "suggestion_adopted": Fraction(2),
    "city_media": Fraction(1),
    "province_media": Fraction(3),
    "briefing_praise": Fraction(2),
}


def bonus_lines(quarter: Quarter, unit_id: str) -> list[Line]:
    """Every award of the quarter, what once-per-matter takes back, and what the cap takes back."""
    awards = awards_of(quarter, unit_id)
    lines = []
    for award in awards:
        points, month = AWARD_POINTS[award["award_type"]], month_of(award["awarded_on"])
        lines.append(Line(unit_id, "A4", award["award_type"], points, month, ref_id=award["award_id"]))
        if award is not counting_award(quarter, awards, award):
            lines.append(Line(unit_id, "A4", "same_matter", -points, month, ref_id=award["award_id"]))
    cap, bonus = quarter.readings["bonus_cap"], sum(line.points for line in lines)
    if cap != "none" and bonus > Fraction(cap):
        lines.append(Line(unit_id, "A4", "cap", Fraction(cap) - bonus))
    return lines


def awards_of(quarter: Quarter, unit_id: str) -> list[Row]:
    """Awards: the unit's approved ones that were awarded in the quarter."""
    return [
        row
        for row in quarter.tables["awards"]
        if row["unit_id"] == unit_id and row["approved"] and quarter.covers(row["awarded_on"])
    ]


def counting_award(quarter: Quarter, awards: list[Row], award: Row) -> Row:
    """Readings `same_matter` and `same_matter_scope`: which award counts among those that share this one's matter."""
    rivals = [other for other in awards if folded(other["matter"]) == folded(award["matter"])]
    if quarter.readings["same_matter_scope"] == "same_type":
        rivals = [other for other in rivals if other["award_type"] == award["award_type"]]
    if quarter.readings["same_matter"] == "highest":
        most = max(AWARD_POINTS[other["award_type"]] for other in rivals)
        rivals = [other for other in rivals if AWARD_POINTS[other["award_type"]] == most]
    return min(rivals, key=lambda other: (other["awarded_on"], other["award_id"]))


def folded(matter: str) -> str:
    """Matter: NFKC-folded, trimmed, runs of blanks and line ends one blank, none between Chinese; case kept."""
    words = normalize("NFKC", matter).split()
    return "".join(word if not before or chinese(before[-1]) and chinese(word[0]) else f" {word}"
                   for before, word in zip(["", *words], words, strict=False))


def chinese(character: str) -> bool:
    """Whether a character is a Chinese one."""
    return name(character, "").startswith("CJK ")
