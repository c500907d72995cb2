"""Rules, readings, verdicts and the rulebook that holds them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from math import ceil, floor

from pipelines.model.condition import Block, Condition
from pipelines.model.contract import Column
from pipelines.model.library import LibraryRule
from pipelines.model.measure import TABLE_OF, Measure
from pipelines.model.period import Period, Periods
from pipelines.model.points import mean, published, rounded, shown
from pipelines.model.tally import Marks
from pipelines.model.words import Words

# Readings that older editions do not name: those score as they did, by these values.
LATER = {"unmeasured": "full", "counted_before": "again"}


ANY = "*"  # any other group of units
EMPTY = "empty"  # among the values by which a rule has its price: the column says nothing

# What a longer period does of shorter ones, and where one of them is not there.
MEAN, SUM, POOLED = COMPOSED_BY = ("mean", "sum", "pooled")
REFUSE, LEFT_OUT, ZERO = MISSING = ("refuse", "left_out", "zero")
PUBLISHED, EXACT = OF_FIGURES = ("published", "exact")
ITEM, TOTAL = ROUND_AT = ("item", "total")
# What counts of the steps that a rate is short of its target, or beyond it, by `mode`.
STEPS: dict[str, Callable[[Fraction], int | Fraction]] = {"whole_steps": floor, "pro_rata": Fraction, "any_part": ceil}


@dataclass(frozen=True)
class Left:
    """A word of a rulebook that is left to a reading."""

    reading: str


Word = str | Left  # a word of the book itself, or one that a reading chooses


def chosen(word: Word, readings: Mapping[str, str]) -> str:
    """The word under these readings."""
    return readings[word.reading] if isinstance(word, Left) else word


@dataclass(frozen=True)
class Bonus:
    """How bonus points count: which award of a matter, how far a matter reaches, and the most points (or none)."""

    same_matter: Word = "highest"
    scope: Word = "all_awards"
    cap: Word = "none"
    only_when: Condition | None = None  # of the base: where it fails, there is no bonus

    @property
    def left_to(self) -> tuple[str, ...]:
        """The readings that choose its words."""
        return tuple(word.reading for word in (self.same_matter, self.scope, self.cap) if isinstance(word, Left))


@dataclass(frozen=True)
class Compose:
    """How a longer period is made of shorter ones (semantics C20, G25); ``of`` is the kind of the parts.

    by: mean or sum of what they published; pooled: counted anew as one period.
    of_figures: base, bonus and total of the parts as they published them, or exact, before they were rounded.
    """

    of: str
    by: str
    missing: str = REFUSE
    of_figures: str = PUBLISHED


@dataclass(frozen=True)
class Veto:
    """What a rule that fired does to the whole (semantics G20)."""

    kind: str  # total: it is nothing; rank: no place; grade: this one, and no commendation
    grade: str = ""


@dataclass(frozen=True)
class Clause:
    """A clause of the regulation: its id, a paraphrase, why it has no rule where it has none, what else honours it."""

    id: str
    text: Words
    why_no_rule: Words | None = None
    implemented_by: tuple[str, ...] = ()  # "kind name", such as "query evaluators/dissatisfied"
    cited: str = ""  # as the published text numbers it, such as 第十二条; pages then call it so and not by its id


@dataclass(frozen=True)
class Item:
    """A line of the score sheet: A3.1 with 20 full marks; the bonus A4 has 0."""

    id: str
    title: Words
    full_marks: Fraction
    section: str
    quality: bool = False  # of a section that says `quality: true`: it counts for `quality_items_at_zero`
    unassessed: Word = ""  # what a missing assessed mark comes to: full, zero, stop; "" = as `unmeasured`
    floor: Fraction | None = Fraction(0)  # the least it can be; None: no bound
    starts: str = "full"  # or zero: what its rules take from, or add to
    round: str = "deduction"  # what is rounded: the deduction, or the score
    places: int = 2  # the decimals to which it is rounded, or shown where it stays exact
    exact: bool = False  # its fractions enter base and total
    bonus: Bonus | None = None  # of the item of bonus points
    unmeasured: Word = ""  # what it is worth without data; "" = what the reading `unmeasured` says of all items
    weight: Fraction = Fraction(1)  # with which its points and full marks enter base and total; its section's included
    only: str = ""  # the kind of composed period in which alone it is scored
    times: Fraction = Fraction(1)  # a coefficient of its points, not of its full marks, on the sheet of some units
    capped: bool = False  # its section, multiplied so, stays within its full marks

    @cached_property
    def factor(self) -> Fraction:
        """With which its points enter base and total."""
        return self.weight * self.times

    def without_data(self, readings: Mapping[str, str]) -> str:
        """What the item is worth that has nothing to be judged by: full, zero, left_out, reweighted."""
        return chosen(self.unmeasured, readings) if self.unmeasured else readings.get("unmeasured", "full")

    def left_to(self, assessed: bool) -> tuple[str, ...]:
        """The readings that choose what it is worth without data, and those of its bonus."""
        words = (self.unassessed, self.unmeasured) if assessed else (self.unmeasured,)
        of_bonus = self.bonus.left_to if self.bonus else ()
        return (*(one.reading for one in words if isinstance(one, Left)), *of_bonus)

    def without_mark(self, readings: Mapping[str, str]) -> str:
        """What a missing assessed mark comes to: full, zero, stop, or the item is left_out or reweighted (C17, G2)."""
        return chosen(self.unassessed or self.unmeasured or "full", readings)


@dataclass(frozen=True)
class Target:
    """What a rate is held to: in percent, of a group of units (* = any other), on the days from first to last."""

    value: Fraction
    group: str = ANY
    first: date = date.min
    last: date = date.max


@dataclass(frozen=True)
class Band:
    """A step of a rule: its points where the value meets ``test`` against ``bound``; without a test, anywhere else.

    With ``each``, ``points`` for each so many beyond the bound of the band before, on top of that band's.
    """

    points: Fraction
    test: str = ""
    bound: Fraction = Fraction(0)
    each: Fraction = Fraction(0)


@dataclass(frozen=True)
class Rule:
    """One rule of the rulebook. Which fields are filled depends on ``kind``.

    occurrence: ``measure``, ``deduct`` per counted row; the first ``beyond`` are free.
    density: ``deduct`` for each ``measure`` row per ``each`` rows of ``of``, in proportion.
    rate: ``part`` / ``of`` against ``target`` percent; each ``each`` points short cost ``deduct``, counted by ``mode``
        (whole_steps, pro_rata, any_part), ``per`` month and added (sum) or averaged (mean), or once per period
        (period; a reading says pooled).
        ``targets`` are those of groups and days, where there is more than one; ``over_award`` points for each
        ``over_each`` on the right side of the target.
    worth: the rate times ``worth`` points.
    bands: the points of the first of ``bands`` that the rate, or the count of ``measure``, meets.
    assessed: the score of the item itself; a missing one comes to what its item says. ``scale``: the words in which
        people give it, each with its points.
    merit: ``award`` points for each row of ``measure``.

    by_place: the points of the first of ``bands`` that the unit's place meets, in a rate or the count of ``measure``,
        ``among`` its group or all units that the rule judges. Units with fewer than ``apart_below`` case rows take
        none of these places: such a unit has the one that it would have beside the others.

    change: the points of the first of ``bands`` that the change meets, of a rate (percentage points) or the count of
        ``measure``, ``against`` the period before (previous) or the same of the year before (year_before).

    ``best``: the whole is the highest count of ``of`` in the unit's group.
    Of any: ``at_most`` bounds what it takes or gives; ``groups`` are the groups of units that it is for (all where
    empty). Of rates: ``round_rate`` decimals of the rate as the city prints it; ``fewer``: a low rate is a good one;
    under ``needs`` rows of ``of`` it is not judged. Of awards and merits: ``tiers``, each (from the nth on, points).
    award: ``award`` points for the award type ``measure``, ``once_per`` matter.
    Of occurrences: ``prices`` by the values of the column ``by`` (``deduct`` is then the dearest); a row that several
    of the rules ``once_with`` match costs once, the dearest. ``times`` multiplies what any rule gives or takes, before
    it is bounded.
    """

    id: str
    clause: str
    item: str
    kind: str
    title: Words
    says: Words
    remedy: Words
    file: str
    measure: str = ""
    part: str = ""
    of: str = ""
    per: Word = "period"
    mode: Word = ""
    target: Fraction = Fraction(0)
    each: Fraction = Fraction(0)
    deduct: Fraction = Fraction(0)
    award: Fraction = Fraction(0)
    once_per: str = ""
    beyond: int = 0
    targets: tuple[Target, ...] = ()
    round_rate: int | None = None
    fewer: bool = False
    needs: int = 1
    over_each: Fraction = Fraction(0)
    over_award: Fraction = Fraction(0)
    worth: Fraction = Fraction(0)
    bands: tuple[Band, ...] = ()
    tiers: tuple[tuple[int, Fraction], ...] = ()
    at_most: Fraction | None = None
    groups: tuple[str, ...] = ()
    best: bool = False
    among: str = ""
    against: str = ""
    counts: tuple[str, ...] = ()  # raw types that the measure counts, e.g. refused_to_sign
    examples: tuple[Block, ...] = ()
    in_force_from: date | None = None
    in_force_to: date | None = None  # inclusive
    order: int = 0  # among the rules of its clause, on pages
    veto: Veto | None = None
    by: str = ""
    prices: tuple[tuple[str, Fraction], ...] = ()
    once_with: tuple[str, ...] = ()
    times: Fraction = Fraction(1)
    scale: tuple[tuple[str, Fraction], ...] = ()
    apart_below: int = 0
    worth_full: bool = False  # `worth: full`: the full marks of its item, on the sheet of the unit

    def word(self, points: Fraction) -> str:
        """The word of its scale for a mark; "" where no word stands for it."""
        return next((word for word, worth in self.scale if worth == points), "")

    @property
    def is_rate(self) -> bool:
        """Whether it looks at a part of a whole."""
        return bool(self.part)

    @property
    def gives(self) -> bool:
        """Whether it adds points; else it takes them (semantics G3)."""
        return self.kind in ("worth", "award", "merit") or any(band.points > 0 for band in self.bands)

    @property
    def most(self) -> Fraction:
        """The most that a rule that gives can give where nothing is there to judge it by."""
        found = max((band.points for band in self.bands), default=self.worth) * self.times
        return found if self.at_most is None else min(found, self.at_most)

    @property
    def costs(self) -> tuple[tuple[str, Fraction], ...]:
        """What a row costs by each value of ``by``; by "" where it has one price."""
        return tuple((value, points * self.times) for value, points in self.prices or (("", self.deduct),))

    @property
    def amounts(self) -> tuple[Fraction, ...]:
        """All that it can give or take at once, before ``times``."""
        given = [points for _, points in (*self.prices, *self.tiers)] + [band.points for band in self.bands]
        return (self.deduct, self.award, self.over_award, self.worth, *given)

    @property
    def is_exact(self) -> bool:
        """Whether all that it gives or takes at once, so many times, is whole hundredths."""
        return all((100 * amount * self.times).denominator == 1 for amount in self.amounts)

    def is_for(self, group: str) -> bool:
        """Whether it holds for units of a group."""
        return not self.groups or group in self.groups

    @property
    def by_month(self) -> bool:
        """Whether every month is tested by itself, under some reading at least."""
        return self.per != "period"

    @property
    def counted(self) -> tuple[str, ...]:
        """The measures that it looks at."""
        return tuple(filter(None, (self.measure, self.part, self.of)))

    @property
    def left_to(self) -> tuple[str, ...]:
        """The readings that choose its words."""
        return tuple(word.reading for word in (self.mode, self.per) if isinstance(word, Left))

    def printed(self, part: int, of: int) -> Fraction:
        """A rate in percent as the city prints it: rounded halves up where the rule says so."""
        rate = Fraction(100 * part, of)
        scale = 10 ** (self.round_rate or 0)
        return rate if self.round_rate is None else Fraction(floor(rate * scale + Fraction(1, 2)), scale)

    def target_of(self, group: str, month: str) -> Fraction:
        """The target of a unit's group on the first day of a month; its own group before any other."""
        if not self.targets:
            return self.target
        day = date.fromisoformat(f"{month}-01")
        holding = [one for one in self.targets if one.first <= day <= one.last and one.group in (group, ANY)]
        return max(holding, key=lambda one: one.group == group).value if holding else self.target

    def holds_on(self, month: str) -> bool:
        """Whether it is in force on the first day of a month, such as ``2026-07`` (semantics G24)."""
        if self.in_force_from is self.in_force_to is None:
            return True
        day = date.fromisoformat(f"{month}-01")
        return (self.in_force_from or date.min) <= day <= (self.in_force_to or date.max)


@dataclass(frozen=True)
class Reading:
    """A named switch for an unclear clause: default first among its values."""

    id: str
    clause: str
    title: Words
    values: tuple[str, ...]
    says: dict[str, Words]
    reason: Words
    open_number: bool = False  # any number >= 0 with at most two decimals is a value too

    @property
    def default(self) -> str:
        """The value in force when nobody chose another."""
        return self.values[0]


@dataclass(frozen=True)
class Verdict:
    """A commendation, a criticism or a remark that conditions on a unit's standing lead to."""

    id: str
    clause: str
    list: str  # commend, criticise, remark; together: said once of all who meet it
    title: Words
    says: Words
    when: tuple[Condition, ...]
    unless: tuple[str, ...] = ()  # other verdicts that stand in the way
    also: tuple[str, ...] = ()  # other verdicts that must have been given
    examples: tuple[Block, ...] = ()
    groups: tuple[str, ...] = ()  # the groups of units that it is for; all where empty

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that it looks at, each once."""
        return tuple(dict.fromkeys(condition.fact for condition in self.when))


@dataclass(frozen=True)
class Grade:
    """A grade by total: from ``at_least`` points up to the grade above it; the last takes everything below."""

    id: str
    at_least: Fraction
    title: Words


@dataclass(frozen=True)
class Ranking:
    """Which units are placed together, and by what (semantics G13, C29)."""

    listed_by: tuple[str, str] | None = None  # the rate that lists units of equal figures: its part and its whole
    apart_below: int = 0  # units with fewer case rows are listed apart, without a place
    by_share: bool = False  # places over all units go by the percent of the unit's full marks
    overall: bool = True  # there are places over all units, not in groups alone


@dataclass(frozen=True)
class Own:
    """What an item is for some groups of units, where they have a sheet of their own; None: as for all."""

    full_marks: Fraction | None = None  # 0: they do not have the item
    floors: tuple[Fraction | None, ...] = ()  # the floor, where the sheet says one; None: no bound
    unmeasured: Word = ""
    times: Fraction = Fraction(1)
    capped: bool = False

    def of(self, item: Item) -> Item:
        """The item on that sheet."""
        full = item.full_marks if self.full_marks is None else self.full_marks
        floor = self.floors[0] if self.floors else item.floor
        unmeasured = self.unmeasured or item.unmeasured
        return replace(item, full_marks=full, floor=floor, unmeasured=unmeasured, times=self.times, capped=self.capped)


def places_of_items(decimals: int, round_at: str) -> int:
    """To how many decimals items are rounded, or shown where they stay exact (semantics G18, B1)."""
    return max(2, decimals + (2 if round_at == TOTAL else 0))


@dataclass(frozen=True)
class PanelRules:
    """The settings of the evaluators' work (E): numbers, conditions and preferences in order, and their clauses."""

    size: int  # E0.1
    after_hours: int  # the reminder, E5.2
    working_days: int  # the limit, E5.2
    at_most: int  # reassignments of a case row
    term_years: int  # E7.0
    notice_months: int  # E7.0
    withdrawn: int  # who let so many cases run out is named to the office, E5.1
    conditions: tuple[str, ...]
    preferences: tuple[str, ...]
    clauses: dict[str, str] = field(hash=False)  # setting, condition or preference -> clause


@dataclass(frozen=True)
class Rulebook:
    """One edition of the rules as it stands in a period, checked and ready."""

    edition: str
    title: Words
    clauses: dict[str, Clause]
    items: dict[str, Item]  # in the order of the score sheet, A4 last
    rules: dict[str, Rule]
    readings: dict[str, Reading]
    verdicts: tuple[Verdict, ...]
    evaluation: dict[str, int]  # working_days, reminder_after_hours (E5.2)
    sha256: str
    sections: dict[str, Words] = field(default_factory=dict)  # A1 to A4 with their titles
    panel: PanelRules | None = None  # the evaluators' work (E), where the edition has it
    libraries: tuple[LibraryRule, ...] = ()  # findings of the matter library (M) and the knowledge base (K)
    measures: Mapping[str, Measure] = field(default_factory=dict)  # `case_rows` among them
    marks: Mapping[str, Marks] = field(default_factory=dict)  # counted table -> what the tally marks of its rows
    format: int = 2  # 1: from before measures were declared
    ranking: Ranking = Ranking()
    incident_types: Mapping[str, Words] = field(default_factory=dict)
    award_types: Mapping[str, Words] = field(default_factory=dict)
    periods: Periods = Periods()  # which it scores
    rank_on: Word = "total"  # or base
    grades: tuple[Grade, ...] = ()  # from the highest down
    sheets: Mapping[str, Mapping[str, Own]] = field(default_factory=dict)  # group of units -> item -> what it is there
    decimals: int = 2  # of base, bonus and total
    round_at: str = ITEM  # or total: items keep their exact fractions
    total_floor: Fraction | None = None
    total_cap: Fraction | None = None
    columns: Mapping[str, Mapping[str, Column]] = field(default_factory=dict)  # the city's own, by table
    lists: Mapping[str, Words] = field(default_factory=dict)  # of verdicts, beside those that every book has
    compose: Mapping[str, Compose] = field(default_factory=dict)  # by kind of the longer period
    notices: tuple[Words, ...] = ()  # words of older books that are read otherwise than they are written

    def dearer(self, rule: Rule, cost: Fraction) -> list[tuple[Rule, str]]:
        """The rules and values by which a row costs before it costs so much by this one: a row costs once (G17)."""
        together, waiting = {rule.id}, [rule.id]
        while waiting:
            one = waiting.pop()
            for other in self.rules.values():
                if other.id not in together and (other.id in self.rules[one].once_with or one in other.once_with):
                    together.add(other.id)
                    waiting.append(other.id)
        order = {id: k for k, id in enumerate(self.rules)}
        return [
            (other, value)
            for other in self.rules.values()
            if other.id in together - {rule.id}
            for value, points in other.costs
            if (-points, order[other.id]) < (-cost, order[rule.id])
        ]

    def labels(self, measure: str, column: str) -> dict[str, str]:
        """The words of the values of a column that a measure can ask: the book's own, or what the measure quotes."""
        one = self.measures[measure]
        own = self.columns.get(TABLE_OF.get(one.counts, one.counts), {}).get(column)
        found = {code: word for (name, code), word in one.labels.items() if name == column}
        return found | {code: labels[0] for code, labels in (own.labels if own else ()) if labels}

    @property
    def parts(self) -> dict[str, int]:
        """The measures that are counted in parts of one, and in how many."""
        return {id: measure.scale for id, measure in self.measures.items() if measure.scale > 1}

    def sum(self, value: Fraction) -> str:
        """A base, bonus or total, or a difference of two, as the book publishes it."""
        return published(value, self.decimals)

    def mean(self, values: Sequence[Fraction]) -> Fraction:
        """The mean of totals, rounded as they are."""
        return mean(values, self.decimals)

    @property
    def places(self) -> int:
        """The decimals of items and ledger lines: two or more; of exact items two more than of a total."""
        return places_of_items(self.decimals, self.round_at)

    @property
    def grain(self) -> int:
        """In how many parts of a point items and ledger lines are whole."""
        return 10**self.places

    @property
    def exact_items(self) -> bool:
        """Whether only base, bonus and total are rounded (semantics B1)."""
        return self.round_at == TOTAL

    @property
    def is_fine(self) -> bool:
        """Whether items may be no whole hundredths."""
        return self.exact_items or self.places > 2

    def line(self, value: Fraction) -> str:
        """The points of an item or a ledger line as the book prints them."""
        return shown(rounded(value, self.places), self.places)

    @property
    def adds_exactly(self) -> bool:
        """Whether base and total are exact items added up and rounded, and nothing is said of the whole."""
        return self.exact_items and self.decimals <= 2 and self._only_adds

    @property
    def sums_items(self) -> bool:
        """Whether a total is the plain sum of its items, and nothing is said of the whole."""
        plain = self.decimals == 2 and not self.exact_items
        return plain and self._only_adds and all(item.weight == 1 for item in self.items.values())

    @property
    def _only_adds(self) -> bool:
        bounds = (self.total_floor, self.total_cap)
        asked = any(item.bonus and item.bonus.only_when for item in self.items.values())
        vetoed = any(rule.veto for rule in self.rules.values())
        return bounds == (None, None) and not (self.sheets or asked or vetoed)

    @property
    def tells_chance(self) -> bool:
        """Whether the draws of chance know how every rule looks at rows: a rate's steps, or so much an occurrence."""
        drawn = {"rate", "occurrence", "assessed", "award"}
        return self.sums_items and all(
            rule.kind in drawn
            and not (rule.kind == "rate" and (rule.over_award or rule.groups))
            and not (rule.prices or rule.once_with or rule.times != 1)
            and not any((one.sum, one.distinct) != ("", "") for id in rule.counted if (one := self.measures.get(id)))
            for rule in self.rules.values()
        )

    def made_of(self, period: Period) -> Compose | None:
        """How a period is made of what its parts published; None where it is counted itself."""
        how = self.compose.get(period.kind)
        return how if how and how.by != POOLED else None

    def of_kind(self, kind: str) -> "Rulebook":
        """The book as it holds in periods of a kind: without the items that are scored in longer ones alone."""
        items = {id: item for id, item in self.items.items() if item.only in ("", kind)}
        rules = {id: rule for id, rule in self.rules.items() if rule.item in items}
        sheets = {group: {id: one for id, one in sheet.items() if id in items} for group, sheet in self.sheets.items()}
        gone = {("item", id) for id in self.items if id not in items}  # what asks for one of these cannot hold
        verdicts = tuple(one for one in self.verdicts if not any(asked.thing in gone for asked in one.when))
        return replace(self, items=items, rules=rules, sheets=sheets, verdicts=verdicts)

    def of_group(self, group: str) -> "Rulebook":
        """The book as it holds for a group of units: by its own sheet, without the items that it does not have."""
        own = self.sheets.get(group)
        if own is None:
            return self
        gone = {id for id, one in own.items() if one.full_marks == 0}
        items = {id: own[id].of(item) if id in own else item for id, item in self.items.items() if id not in gone}
        rules = {
            id: replace(rule, worth=items[rule.item].full_marks) if rule.worth_full else rule
            for id, rule in self.rules.items()
            if rule.item in items
        }
        return replace(self, items=items, rules=rules, sheets={})

    def ranked_by(self, readings: Mapping[str, str]) -> str:
        """`total` or `base`: what units are ranked by."""
        return chosen(self.rank_on, readings)

    def waived_as(self, rule_id: str) -> tuple[str, ...]:
        """The names by which a decision waives a rule; in books of format 1 it names the rule's measure."""
        rule = self.rules.get(rule_id)
        return (rule_id, rule.measure) if self.format == 1 and rule and rule.measure != rule_id else (rule_id,)
