"""Books and counts drawn by a seed: rules of every kind as plain words, and what they become when they are loaded."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from random import Random

import numpy as np

from pipelines.engines.cube import Cube
from pipelines.model.period import Period
from pipelines.model.rule import Bonus, Ranking
from pipelines.model.tally import Award, Unit, UnitTally
from pipelines.rulebook import build
from pipelines.rulebook.source import Block
from pipelines.stages.measure import with_figures
from tests.kinds import oracle
from tests.toy.town import ISLAND

LAW = ISLAND.book
FREE = replace(LAW, measures={id: replace(one, among="") for id, one in LAW.measures.items()})  # drawn by themselves
PERIODS = (("2026-07",), ("2026-07", "2026-08", "2026-09"), tuple(f"2026-{k:02}" for k in range(1, 13)))
ASSESSED = "H1.1"
GROUPS = ("harbours", "islets", "reefs")
WHOLES = {"owed": "mended", "asked": "content", "errands": "errands_run"}  # whole -> a part of it
COUNTS = ("tardy", "unclaimed", "rudeness", "owed")
WORDS = {"zh": "规则", "en": "a rule"}


def number(rng: Random, most: int, places: int = 2) -> str:
    """A number above 0 as a book writes it."""
    text = f"{rng.randint(1, most * 10**places) / 10**places:.{places}f}"
    return text.rstrip("0").rstrip(".")


def of_rate(rng: Random) -> dict:
    whole = rng.choice(list(WHOLES))
    found = {"part": WHOLES[whole], "of": whole, "fewer": rng.random() < 0.3}
    if rng.random() < 0.4:
        found["round_rate"] = rng.randint(0, 3)
    if rng.random() < 0.2:
        found["needs"] = {"of": rng.randint(1, 40)}
    return found | spread(rng)


def monthly(rule: dict) -> bool:
    """Whether it judges month by month."""
    per = rule.get("per")
    return per == "month" or isinstance(per, dict) and "month" in per


def spread(rng: Random) -> dict:
    return rng.choice([{}, {"per": "period"}, {"per": {"month": "sum"}}, {"per": {"month": "mean"}}])


def deduct(rng):
    found = {"deduct": number(rng, 3), "measure": rng.choice(COUNTS)}
    if rng.random() < 0.4:
        found |= {"beyond": rng.randint(1, 8)} | rng.choice(({}, {"per": "period"}, {"per": "month"}))
    return found


def many(rng):
    return {"deduct": number(rng, 3), "measure": rng.choice(("tardy", "rudeness")),
            "per": {"each": number(rng, 200, 1), "of": rng.choice(list(WHOLES))}}


def short(rng):
    found = of_rate(rng)
    plain = number(rng, 99)
    found["target"] = rng.choice([
        plain, plain, {"*": plain, rng.choice(GROUPS): number(rng, 99)},
        [{"to": "2026-08-31", "at": plain}, {"from": "2026-09-01", "at": number(rng, 99)}],
    ])
    mode = rng.choice(("whole_steps", "pro_rata", "any_part"))
    found["short"] = {"each": number(rng, 5), "deduct": number(rng, 2), "mode": mode}
    if rng.random() < 0.3:
        found["over"] = {"each": number(rng, 5), "award": number(rng, 1)}
    return found


def worth(rng):
    return best(rng, of_rate(rng)) | {"worth": number(rng, 30)}


def best(rng, found):
    """Sometimes of the best of the group."""
    if rng.random() < 0.3:
        found |= {"of": {"best": found["of"]}}
    return found


def by_place(rng, sign):
    found = bands(rng, sign)
    words = {key: found[key] for key in ("bands", "part", "measure", "round_rate", "needs") if key in found}
    words["of"] = found["of"] if "of" in found and not isinstance(found["of"], dict) else ""
    words |= {"of": found["of"]["best"]} if isinstance(found.get("of"), dict) else {}
    if not words["of"]:
        del words["of"]
    if words.get("measure") == "owed":
        words["measure"] = "tardy"
    [test] = [test for test in ("at_least", "more_than", "at_most", "less_than") if test in words["bands"][0]]
    rest = words["bands"][-1]
    places = sorted(rng.sample(range(1, 8), len(words["bands"]) - 1), reverse=test in ("at_least", "more_than"))
    steps = zip(places, words["bands"][:-1], strict=True)
    words["bands"] = [{test: str(one), "points": band["points"]} for one, band in steps] + [rest]
    if "then" in rest and "part" in words:
        words["bands"][-1] = {"points": "0"}
    words |= {"among": rng.choice(("group", "all")), "fewer": found.get("fewer", True)}
    return {"by_place": words, "fewer": words["fewer"]}


def change(rng, sign):
    """Bands of what changed: of a rate, or of a count, which may go on and on."""
    found = bands(rng, sign)
    words = {key: found[key] for key in ("part", "measure", "round_rate", "needs") if key in found}
    if "of" in found:
        words["of"] = found["of"]["best"] if isinstance(found["of"], dict) else found["of"]
    [test] = [test for test in ("at_least", "more_than", "at_most", "less_than") if test in found["bands"][0]]
    falling = test in ("at_least", "more_than")
    bounds = sorted(rng.sample(range(-12, 13), len(found["bands"]) - 1), reverse=falling)
    steps = zip(bounds, found["bands"][:-1], strict=True)
    words["bands"] = [{test: str(one), "points": band["points"]} for one, band in steps] + [found["bands"][-1]]
    words |= {"against": rng.choice(("previous", "year_before")), "fewer": found.get("fewer", False)}
    return {"change": words, "fewer": words["fewer"]}


def bands(rng, sign):
    rate = rng.random() < 0.5
    found = best(rng, of_rate(rng)) if rate else {"measure": rng.choice(COUNTS)} | spread(rng)
    falling = rng.random() < 0.5
    test = rng.choice(("at_least", "more_than") if falling else ("at_most", "less_than"))
    bounds = sorted(rng.sample(range(0, 100 if rate else 15), rng.randint(1, 4)), reverse=falling)
    points = [sign * rng.randint(0, 40) / 4 for _ in range(len(bounds) + 1)]
    found["bands"] = [{test: str(bound), "points": f"{p:.2f}"} for bound, p in zip(bounds, points, strict=False)]
    if not rate and rng.random() < 0.4:
        found["bands"].append({"then": {"each": rng.choice(("1", "2", "1.5")), "points": f"{points[-1]:.2f}"}})
    else:
        found["bands"].append({"points": f"{points[-1]:.2f}"})
    return found


def tiers(rng):
    starts = [1, *sorted(rng.sample(range(2, 9), rng.randint(0, 2)))]
    return {"tiers": [{"from": start, "award": number(rng, 2)} for start in starts]}


def merit(rng):
    priced = {"award": number(rng, 2)} if rng.random() < 0.5 else tiers(rng)
    return {"measure": rng.choice(("tardy", "rudeness")), **priced, **rng.choice(({}, {"per": "month"}))}


def award(rng, kind):
    priced = rng.choice([{"award": number(rng, 3), "once_per": "matter"}, {"award": number(rng, 3)}, tiers(rng)])
    return {"measure": kind, "of_type": True, **priced}


TAKING = (deduct, many, short, lambda rng: bands(rng, -1), lambda rng: by_place(rng, -1),
          lambda rng: change(rng, -1))
GIVING = (worth, merit, lambda rng: bands(rng, 1), lambda rng: by_place(rng, 1), lambda rng: change(rng, 1))


def assessed(rng, full: str) -> dict:
    """Marks in words: some of those up to the full marks, which are one of them."""
    points = {full, *(f"{rng.randint(0, int(100 * Fraction(full))) / 100:.2f}" for _ in range(rng.randint(1, 4)))}
    points = {Fraction(one): one for one in points} | {Fraction(full): full}
    if len(points) == 1:
        points[Fraction(0)] = "0"
    words = zip("甲乙丙丁戊", points.values(), strict=False)
    return {"assessed": ASSESSED, "scale": {f"{word}等": one for word, one in words}}


class Book:
    """A drawn book: items and rules as words, and the rulebook that the program makes of them."""

    def __init__(self, seed: int):
        rng = self.rng = Random(seed)
        self.months = PERIODS[seed % 3]
        self.rules: list[dict] = []
        self.items = {}
        for k, id in enumerate(("H2.1", "H2.2", "H2.3")):
            kinds = rng.choice((TAKING, GIVING, (*TAKING, *GIVING)))
            own = [self._dressed(rng.choice(kinds)(rng), f"rule_{k}_{n}", id) for n in range(rng.randint(1, 3))]
            mixed = len({oracle.gives(rule) for rule in own}) > 1
            self.items[id] = {"full_marks": number(rng, 40), "round": rng.choice(("deduction", "score"))}
            self.items[id]["floor"] = rng.choice(("0", "0", "none", "-5", "0.5"))
            if mixed or rng.random() < 0.2:
                self.items[id]["starts"] = rng.choice(("full", "zero"))
            self.rules += own
        full = number(rng, 20)
        self.items[ASSESSED] = {"full_marks": full, "round": "deduction", "floor": "0",
                                "unassessed": rng.choice(("full", "zero"))}
        self.rules.append(assessed(rng, full) | {"rule": "marked", "item": ASSESSED})
        self.apart_below = rng.choice((0, 3, 8))
        bonus = [award(rng, kind) for kind in LAW.award_types] + [merit(rng) for _ in range(rng.randint(0, 1))]
        self.bonus = [self._dressed(rule, f"bonus_{n}", "H3") for n, rule in enumerate(bonus)]
        self.cap = rng.choice(("none", number(rng, 12)))
        self.unmeasured = rng.choice(("full", "zero", "left_out", "reweighted"))
        self.decimals = rng.choice((2, 2, 2, 0, 1, 3, 4))
        self.round_at = rng.choice(("item", "item", "item", "total"))

    def _dressed(self, rule: dict, id: str, item: str) -> dict:
        rng = self.rng
        rule |= {"rule": id, "item": item}
        if rng.random() < 0.3:
            rule["at_most"] = number(rng, 8)
        if rng.random() < 0.2:
            rule["groups"] = rng.sample(GROUPS, rng.randint(1, 2))
        if rng.random() < 0.2:
            rule["in_force"] = self._in_force(monthly(rule))
        return rule

    def _in_force(self, monthly: bool) -> dict:
        """From and to days between which the first of a month lies that is judged: of the period, the first of all."""
        first = self.rng.randrange(len(self.months)) if monthly else 0
        last = self.rng.randrange(first, len(self.months))
        year_before = f"2025-12-{self.rng.randint(2, 31):02}"
        start = f"{self.months[first - 1]}-{self.rng.randint(2, 28):02}" if first else year_before
        found = {"from": self.rng.choice((start, f"{self.months[first]}-01"))}
        return found | self.rng.choice(({}, {"to": f"{self.months[last]}-{self.rng.randint(1, 28):02}"}))

    @property
    def rulebook(self):
        """Built by the program from these words."""
        rules = {}
        for rule in (*self.rules, *self.bonus):
            written = {key: value for key, value in rule.items() if key not in ("fewer", "of_type")}
            counted = oracle.inner(rule).get("part")
            turned = {id: replace(one, better="fewer" if rule.get("fewer") and id == counted else one.better)
                      for id, one in LAW.measures.items()}
            for kind in {"by_place", "change"} & set(written):
                written[kind] = {key: one for key, one in written[kind].items() if key != "fewer"}
            known = build.Known(LAW.clauses, self._items, turned, LAW.award_types, {})
            block = _block({**written, "clause": "H2.1", "title": WORDS, "says": WORDS, "remedy": WORDS,
                            "examples": [{"name": "none"}]})
            made = build.rule(block, known)
            rules[rule["rule"]] = replace(made, apart_below=self.apart_below) if made.kind == "by_place" else made
        items = build.with_starts(Block("book", 1), self._items, rules.values())
        ranking = Ranking(apart_below=self.apart_below)
        decimals, round_at = self.decimals, self.round_at
        return replace(LAW, rules=rules, items=items, ranking=ranking, decimals=decimals, round_at=round_at)

    @property
    def _items(self):
        found = {}
        for id, item in LAW.items.items():
            if id in self.items:
                words = self.items[id]
                least = None if words["floor"] == "none" else Fraction(words["floor"])
                least = least if least is None else min(least, Fraction(words["full_marks"]))
                found[id] = replace(item, full_marks=Fraction(words["full_marks"]), floor=least,
                                    round=words["round"], starts=words.get("starts", ""),
                                    unassessed=words.get("unassessed", item.unassessed))
            elif id == "H3":
                found[id] = replace(item, bonus=Bonus("highest", "all_awards", self.cap))
        return build.with_places(found, self.decimals, self.round_at)

    def units(self, n: int = 6) -> dict[str, oracle.Unit]:
        """Units with drawn counts."""
        rng, found, months = self.rng, {}, self.months
        for k in range(n):
            counts = {name: [0] * len(months) for name in LAW.measures}
            for month in range(len(months)):
                for whole, part in WHOLES.items():
                    of = rng.choice((0, rng.randint(0, 12), rng.randint(0, 500), rng.randint(0, 20_000)))
                    counts[whole][month] = of
                    counts[part][month] = rng.choice((of, rng.randint(0, of), int(of * 0.9)))
                for name in ("tardy", "unclaimed", "rudeness"):
                    counts[name][month] = rng.choice((0, rng.randint(0, 4), rng.randint(0, 15)))
            lacking = [name for name in LAW.measures if name != "case_rows" and rng.random() < 0.04]
            awards = [(f"A{j:02}", rng.choice(list(LAW.award_types)), rng.choice("xyz"),
                       date.fromisoformat(f"{rng.choice(months)}-{rng.randint(1, 28):02}"))
                      for j in range(rng.randint(0, 9))]
            counts["case_rows"][0] = rng.randint(1, 12)
            [scale] = (rule["scale"] for rule in self.rules if "scale" in rule)
            marks = {ASSESSED: rng.choice(list(scale))} if rng.random() < 0.8 else {}
            found[f"U{k}"] = oracle.Unit(rng.choice(GROUPS), counts, months, lacking, awards, marks)
            found[f"U{k}"].points = {item: Fraction(scale[word]) for item, word in marks.items()}
            found[f"U{k}"].apart = counts["case_rows"][0] < self.apart_below
            found[f"U{k}"].before = {
                rule["rule"]: earlier(rng, counts) for rule in self.rules if "change" in rule and rng.random() < 0.85
            }
        silent = found["U0"].lacking  # the exports tell a measure of all units or of none
        for unit in found.values():
            unit.city, unit.silent = list(found.values()), silent
            for name in silent:
                unit.counts[name] = [0] * len(months)
            unit.rows = {name: list(counted) for name, counted in unit.counts.items()}
            unit.figures = self._figures(silent) if rng.random() < 0.4 else {}
            unit.lacking = silent - set(unit.figures)
            for name, given in unit.figures.items():
                for month, n in given.items():
                    if month:
                        unit.counts[name][months.index(month)] = n
                    else:
                        unit.counts[name] = [n] + [0] * (len(months) - 1)
        return found

    def _figures(self, silent: set[str]) -> dict[str, dict[str, int]]:
        """Counts that a unit gives in place of rows, a part with its whole: by month, or of the period under ""."""
        rng, found, rules = self.rng, {}, [*self.rules, *self.bonus]
        of_rows = {name for rule in rules if "with" in rule or isinstance(rule.get("deduct"), dict)
                   for name in LAW.measures if name in str(rule)}
        for names in (*WHOLES.items(), ("tardy",), ("unclaimed",), ("rudeness",)):
            if rng.random() < 0.5 or of_rows & set(names):
                continue
            by_month = any("month" in str(rule.get("per")) and any(name in str(rule) for name in names)
                           for rule in rules)
            spans = list(self.months) if by_month or rng.random() < 0.5 else [""]
            if spans != [""] and not silent & set(names):
                spans = rng.sample(spans, rng.randint(1, len(spans)))
            most = [rng.choice((0, rng.randint(0, 12), rng.randint(0, 500))) for _ in spans]
            for name in names:
                found[name] = dict(zip(spans, most, strict=True))
                most = [rng.choice((n, rng.randint(0, n))) for n in most]
        return found


def earlier(rng: Random, counts: dict[str, list[int]]) -> dict[str, int]:
    """What was counted before: often close to what is counted now."""
    found = {name: max(0, sum(now) + rng.choice((0, rng.randint(-12, 12)))) for name, now in counts.items()}
    for whole, part in WHOLES.items():
        found[whole] = rng.choice((found[whole], 0, rng.randint(0, 60)))
        found[part] = min(found[part], found[whole])
    return found


def _block(words: object) -> object:
    """Words as the loader gives them."""
    if isinstance(words, dict):
        block = Block("book", 1)
        for key, value in words.items():
            block[key], block.lines[key] = _block(value), 1
        return block
    return [_block(one) for one in words] if isinstance(words, list) else str(words)


def tally(id: str, unit: oracle.Unit) -> UnitTally:
    """The unit as the first judge gets it."""
    counts = {name: dict(zip(unit.months, counted, strict=True)) for name, counted in unit.rows.items()}
    listed = tuple(Award(id, kind, matter, on) for id, kind, matter, on in unit.awards)
    found = UnitTally(Unit(id, id, unit.group, True), 1, counts, {}, unit.points, listed, frozenset(unit.silent),
                      before=unit.before)
    span = Period.parse(f"{unit.months[0]}..{unit.months[-1]}")
    return replace(with_figures(found, unit.figures, span, FREE), case_rows=sum(unit.rows["case_rows"]))


class Told(Cube):
    """A cube of counts that are given, not marked."""

    def count(self, id, readings):
        """Unit × month."""
        return self._as_given(id, np.array([self._kept[unit][id] for unit in self.unit_ids], np.int64))

    def occurrences(self, rule_id, measure, readings):
        """None is waived."""
        return self.count(measure, readings)

    def not_exported(self):
        """What nobody told."""
        return self._kept["lacking"]


def cube(units: dict[str, oracle.Unit], book, months: tuple[str, ...]) -> Told:
    """The units as the second judge gets them."""
    table = {name: [] for name in ("counts", "unit_id", "n", "place_0", "place_1", "place_2", "marks_0")}
    found = Told.prepare(table, book.marks, book.measures, {id: tally(id, unit) for id, unit in units.items()}, months)
    found._kept.update({id: unit.rows for id, unit in units.items()})
    found._kept["lacking"] = set(units["U0"].silent)
    return found
