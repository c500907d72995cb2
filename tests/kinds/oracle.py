"""A literal reader of the kinds of rules, written from the page of the language and not from the program.

It knows books as plain words (`draw.py`), counts as ``counts[measure] = [n per month]``, and fractions. It is slow and
says every step by itself.
"""

from datetime import date
from fractions import Fraction
from math import ceil, floor

F = Fraction


def nearest(value: Fraction, decimals: int) -> Fraction:
    """So many decimals, halves away from zero."""
    size = floor(abs(value) * 10**decimals + F(1, 2))
    return F(size if value >= 0 else -size, 10**decimals)


class Unit:
    """What there is of a unit: counts by measure and month, awards, marks, its group, what nobody told."""

    def __init__(self, group, counts, months, lacking=(), awards=(), marks=()):
        self.group, self.counts, self.months = group, counts, months
        self.before = {}  # by rule of change: what was counted in the earlier period
        self.apart = False
        self.city = [self]  # all units, this one among them
        self.lacking, self.awards, self.marks = set(lacking), list(awards), dict(marks)


def item_points(
    item: dict, rules: list[dict], unit: Unit, unmeasured: str, decimals: int = 2, round_at: str = "item"
) -> Fraction | None:
    """The points of an item, rounded to two decimals or to as many as a total, or not at all; None if left out."""

    def rounded(value: Fraction) -> Fraction:
        return value if round_at == "total" else nearest(value, max(2, decimals))

    mine = [rule for rule in rules if not rule.get("groups") or unit.group in rule["groups"]]
    full = F(item["full_marks"])
    silent = [rule for rule in mine if not is_measured(rule, unit)]
    if mine and len(silent) == len(mine) and unmeasured in ("left_out", "reweighted"):
        return None
    gives_all = [gives(rule) for rule in rules]
    start = full if item.get("starts", "zero" if gives_all and all(gives_all) else "full") == "full" else F(0)
    least = None if item["floor"] == "none" else F(item["floor"])
    change = F(0)
    for rule in mine:
        nothing = rule in silent
        points = nothing_to_judge(rule, full, least, unmeasured) if nothing else rule_points(rule, unit, item)
        if "at_most" in rule:
            most = F(rule["at_most"])
            points = max(-most, min(most, points))
        change += points
    points = start + rounded(change) if item["round"] == "deduction" else rounded(start + change)
    if least is not None and points < least:
        points = least
    return min(points, full)


def mark(rule: dict, item: dict, unit: Unit) -> Fraction:
    """What the word is worth that people gave; without one, what the item says of that."""
    word = unit.marks.get(rule["assessed"])
    if word is None:
        return F(item["full_marks"]) if item["unassessed"] == "full" else F(0)
    return F(rule["scale"][word])


def inner(rule: dict) -> dict:
    """The rule, or what stands in it of places or change."""
    return rule.get("by_place") or rule.get("change") or rule


def gives(rule: dict) -> bool:
    """Kinds that give start at nothing; bands of points 0 and below take."""
    rule = inner(rule)
    if "bands" in rule:
        return any(F(band["points"]) > 0 for band in rule["bands"] if "points" in band) or any(
            F(band["then"]["points"]) > 0 for band in rule["bands"] if "then" in band
        )
    return any(mark in rule for mark in ("worth", "award", "tiers"))


def is_measured(rule: dict, unit: Unit) -> bool:
    """Its measures are told, and its denominator is neither empty nor under `needs` over the period.

    Of a mark that nobody gave its item says what it comes to.
    """
    if "assessed" in rule:
        return True
    if "change" in rule:
        words, was = rule["change"], unit.before.get(rule["rule"])
        if was is None or ("of" in words and was[words["of"]] < max(1, words.get("needs", {}).get("of", 1))):
            return False
    rule = inner(rule)
    of = rule.get("of")
    of = of["best"] if isinstance(of, dict) else of
    needed = [rule.get("measure"), rule.get("part"), of]
    per = rule.get("per")
    if isinstance(per, dict) and "of" in per:
        needed.append(per["of"])
    if any(name in unit.lacking for name in needed):
        return False
    if isinstance(rule.get("of"), dict):
        return best_of_group(rule, unit, range(len(unit.months))) >= max(1, rule.get("needs", {}).get("of", 1))
    whole = of or (per["of"] if isinstance(per, dict) and "of" in per else None)
    return whole is None or sum(unit.counts[whole]) >= max(1, rule.get("needs", {}).get("of", 1))


def best_of_group(rule: dict, unit: Unit, months) -> int:
    """The highest count that a unit of the same group has."""
    return max(sum(one.counts[rule["of"]["best"]][k] for k in months) for one in unit.city if one.group == unit.group)


def place(rule: dict, unit: Unit) -> int:
    """One more than the units that do better, of those that the rule judges; equals share a place.

    Small units that are listed apart stand in nobody's way.
    """
    words = rule["by_place"]

    def value(one):
        if "part" not in words:
            return F(sum(one.counts[words["measure"]]))
        rate = F(100 * sum(one.counts[words["part"]]), sum(one.counts[words["of"]]))
        digits = 10 ** words.get("round_rate", 0)
        return F(floor(rate * digits + F(1, 2)), digits) if "round_rate" in words else rate

    others = [one for one in unit.city if one.group == unit.group or words["among"] == "all"]
    others = [one for one in others if is_measured(rule, one) and not one.apart]
    others = [one for one in others if not rule.get("groups") or one.group in rule["groups"]]
    fewer = words["fewer"]
    return 1 + sum(value(one) < value(unit) if fewer else value(one) > value(unit) for one in others)


def nothing_to_judge(rule: dict, full: Fraction, least: Fraction | None, unmeasured: str) -> Fraction:
    """Takes nothing or gives all it can; under zero it takes all its item can lose, or gives nothing."""
    if unmeasured == "zero":
        return F(0) if gives(rule) else -(full - min(least or F(0), F(0)))
    if not gives(rule):
        return F(0)
    rule = inner(rule)
    if "worth" in rule:
        return F(rule["worth"])
    if "bands" in rule:
        return max(F(band.get("points", band.get("then", {}).get("points"))) for band in rule["bands"])
    return F(0)


def rule_points(rule: dict, unit: Unit, item: dict | None = None) -> Fraction:
    """What one rule gives (above 0) or takes (below), over all months."""
    if item and "assessed" in rule:
        return mark(rule, item, unit) - F(item["full_marks"])
    if "deduct" in rule and isinstance(rule.get("per"), dict) and "each" in rule["per"]:
        of = sum(unit.counts[rule["per"]["of"]])
        return -F(rule["deduct"]) * sum(unit.counts[rule["measure"]]) / (F(of) / F(rule["per"]["each"]))
    if "change" in rule:
        return of_bands(rule["change"]["bands"], changed(rule, unit))
    if "by_place" in rule:
        return of_bands(rule["by_place"]["bands"], F(place(rule, unit)))
    how, spans = spans_of(rule, unit)
    points = sum((span_points(rule, unit, months) for months in spans), F(0))
    return points / len(spans) if how == "mean" else points


def changed(rule: dict, unit: Unit) -> Fraction:
    """Now less before: cases, or percentage points of the rates as the city prints them."""
    words, was = rule["change"], unit.before[rule["rule"]]

    def value(n):
        if "part" not in words:
            return F(n(words["measure"]))
        rate = F(100 * n(words["part"]), n(words["of"]))
        digits = 10 ** words.get("round_rate", 0)
        return F(floor(rate * digits + F(1, 2)), digits) if "round_rate" in words else rate

    return value(lambda name: sum(unit.counts[name])) - value(lambda name: was[name])


def spans_of(rule: dict, unit: Unit) -> tuple[str, list[list[int]]]:
    """The months that are judged together: one by one, or all at once."""
    per = rule.get("per", "period")
    numbers, days = list(range(len(unit.months))), rule.get("in_force", {})
    how = per["month"] if isinstance(per, dict) else {"month": "sum"}.get(per, "period")
    if how == "period":  # the loader has looked at its first day
        return how, [numbers]
    held = [n for n in numbers if days.get("from", "") <= f"{unit.months[n]}-01" <= days.get("to", "9")]
    return how, [[n] for n in held]


def span_points(rule: dict, unit: Unit, months: list[int]) -> Fraction:
    def n(measure):
        return sum(unit.counts[measure][k] for k in months)

    if "deduct" in rule:
        return -F(rule["deduct"]) * max(0, n(rule["measure"]) - rule.get("beyond", 0))
    if "award" in rule or "tiers" in rule:
        tiers = rule.get("tiers") or [{"from": 1, "award": rule["award"]}]
        found = F(0)
        for k in range(1, n(rule["measure"]) + 1):
            found += F([tier["award"] for tier in tiers if tier["from"] <= k][-1])
        return found
    if "part" not in rule:
        return of_bands(rule["bands"], F(n(rule["measure"])))
    of = best_of_group(rule, unit, months) if isinstance(rule["of"], dict) else n(rule["of"])
    if of < max(1, rule.get("needs", {}).get("of", 1)):
        return F(0)
    rate = F(100 * n(rule["part"]), of)
    if "round_rate" in rule:
        digits = 10 ** rule["round_rate"]
        rate = F(floor(rate * digits + F(1, 2)), digits)
    if "bands" in rule:
        return of_bands(rule["bands"], rate)
    if "worth" in rule:
        return F(rule["worth"]) * (100 - rate if rule["fewer"] else rate) / 100
    return of_target(rule, rate, target(rule, unit, months))


def target(rule: dict, unit: Unit, months: list[int]) -> Fraction:
    """By group, or the one that is in force on the first day of what is judged."""
    given = rule["target"]
    if isinstance(given, dict):
        return F(given.get(unit.group, given["*"]))
    if isinstance(given, list):
        day = date.fromisoformat(unit.months[months[0]] + "-01")
        for one in given:
            first, last = one.get("from", "0001-01-01"), one.get("to", "9999-12-31")
            if date.fromisoformat(first) <= day <= date.fromisoformat(last):
                return F(one["at"])
    return F(given)


def of_target(rule: dict, rate: Fraction, wanted: Fraction) -> Fraction:
    steps = {"whole_steps": floor, "any_part": ceil, "pro_rata": lambda value: value}[rule["short"]["mode"]]
    short = rate - wanted if rule["fewer"] else wanted - rate
    if short > 0:
        return -F(rule["short"]["deduct"]) * steps(short / F(rule["short"]["each"]))
    if short < 0 and "over" in rule:
        return F(rule["over"]["award"]) * steps(-short / F(rule["over"]["each"]))
    return F(0)


def of_bands(bands: list[dict], value: Fraction) -> Fraction:
    holds = {"at_least": lambda a, b: a >= b, "more_than": lambda a, b: a > b,
             "at_most": lambda a, b: a <= b, "less_than": lambda a, b: a < b}
    before = None
    for band in bands:
        if "then" in band:
            [bound] = [F(before[test]) for test in holds if test in before]
            return F(before["points"]) + floor(abs(value - bound) / F(band["then"]["each"])) * F(band["then"]["points"])
        tests = [test for test in holds if test in band]
        if not tests or holds[tests[0]](value, F(band[tests[0]])):
            return F(band["points"])
        before = band
    raise AssertionError("no band for it")


def bonus(rules: list[dict], unit: Unit, cap: str) -> Fraction:
    """Awards by type (id, type, matter, day), those once per matter by the most points, then the earliest; the cap."""
    found, best = {rule["rule"]: F(0) for rule in rules}, {}
    prices = {rule["measure"]: rule for rule in rules if "of_type" in rule}
    for award in sorted(unit.awards, key=lambda award: (award[3], award[0])):
        rule = prices.get(award[1])
        if rule and rule.get("groups") and unit.group not in rule["groups"]:
            rule = None
        if rule and "once_per" in rule:
            held = best.get(award[2])
            if held is None or F(rule["award"]) > F(held["award"]):
                best[award[2]] = rule
        elif rule:
            rule["seen"] = rule.get("seen", 0) + 1
            tiers = rule.get("tiers") or [{"from": 1, "award": rule["award"]}]
            found[rule["rule"]] += F([tier["award"] for tier in tiers if tier["from"] <= rule["seen"]][-1])
    for rule in best.values():
        found[rule["rule"]] += F(rule["award"])
    for rule in rules:
        rule.pop("seen", None)
        concerned = not rule.get("groups") or unit.group in rule["groups"]
        if "of_type" not in rule and concerned and is_measured(rule, unit):
            found[rule["rule"]] += rule_points(rule, unit)
        if "at_most" in rule:
            found[rule["rule"]] = min(found[rule["rule"]], F(rule["at_most"]))
    total = sum(found.values(), F(0))
    return total if cap == "none" else min(total, F(cap))
