"""What makes a total of the items, by the rule engine: weights, bonus under a condition, bounds, vetoes, rounding."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from pipelines.engines.rete import Fact, Firing, Match, Production, Session
from pipelines.engines.settling import FINE, weighted
from pipelines.model.points import parts_of, plain, rounded
from pipelines.model.rule import Rulebook, Veto
from pipelines.model.score import OVER, WHOLE, Entry, Finding

VETOES = ("total", "rank", "grade")  # which of several holds: the first
UNMET = {"more_than": "$lte", "at_least": "$lt", "at_most": "$gt", "less_than": "$gte", "equals": "$neq"}


@dataclass
class Sums:
    """Base and bonus as published, the lines, and the rule whose veto holds ("" = none)."""

    base: Fraction
    bonus: Fraction
    lines: list[Entry] = field(default_factory=list)
    firings: list[Firing[Entry]] = field(default_factory=list)
    veto: str = ""

    @property
    def whole(self) -> Fraction:
        """The lines of no single item."""
        return sum((line.points for line in self.lines if line.item_id == WHOLE), Fraction(0))

    @property
    def total(self) -> Fraction:
        """Base, bonus and the lines of no single item (semantics C19)."""
        return self.base + self.bonus + self.whole


class Whole:
    """Compiled once for a rulebook; sums up unit after unit."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook, self._grain = rulebook, rulebook.grain
        self.bonus = next((item for item in rulebook.items.values() if not item.full_marks), None)
        asked = self.bonus.bonus.only_when if self.bonus and self.bonus.bonus else None
        then = {
            "rounding": ("rounding", {"$neq": {"lines": {"$m": "total"}}}, self._rounding),
            "veto": ("veto", {"place": 1}, self._veto),
        }
        if asked:
            unmet = {UNMET[asked.test]: {"base": {"$m": "bound"}}}
            then["only_when"] = "bonus", {"$and": [{"$gt": {"bonus": 0}}, unmet]}, self._only_when
        if rulebook.total_floor is not None:
            then["floor"] = "total", {"$lt": {"total": {"$m": "floor"}}}, self._floor
        if rulebook.total_cap is not None:
            then["cap"] = "total", {"$gt": {"total": {"$m": "cap"}}}, self._cap
        self._session: Session[Entry] = Session(
            [Production(name, ({"$and": [{"step": step}, test]},), do) for name, (step, test, do) in then.items()],
            [{"step": step} for step in ("bonus", "rounding", "total", "veto")],
        )

    def sums(
        self, unit_id: str, scores: Mapping[str, Fraction], findings: list[Finding], gone: Container[str] = ()
    ) -> Sums:
        """Of a unit's item scores, exact where the book keeps them so, and of the lines that settling gave the whole.

        In this order: the bonus where its condition fails, rounding, floor and cap of the total, the veto.
        """
        book, decimals = self.rulebook, self.rulebook.decimals
        exact, bonus = weighted(book, scores, gone)
        found = Sums(rounded(exact, decimals), rounded(bonus, decimals))
        before = scores.get(WHOLE, Fraction(0))
        self._found, self._unit, self._scores = found, unit_id, scores
        if self._fire(self._bonus_facts()):
            found.bonus = bonus = Fraction(0)
        total = rounded(exact + bonus + before, decimals)
        self._total = found.total + before
        self._fire([{"step": "rounding", "lines": self._parts(self._total), "total": self._parts(total)}])
        self._total = total
        self._fire(self._bounds())
        self._total = found.total + before
        self._vetoes = self._fired(findings)
        self._fire({"step": "veto", "place": k} for k in range(1, len(self._vetoes) + 1))
        return found

    def _parts(self, value: Fraction) -> int:
        return parts_of(value, self._grain)

    def _fire(self, facts: Iterator[Fact] | list[Fact]) -> list[Entry]:
        firings = self._session.run(self._unit, list(facts))
        self._found.firings += firings
        lines = [firing.result for firing in firings]
        self._found.lines += lines
        return lines

    def _bonus_facts(self) -> Iterator[Fact]:
        asked = self.bonus.bonus.only_when if self.bonus and self.bonus.bonus else None
        if asked:
            base, bound = (int(value * FINE) for value in (self._found.base, Fraction(asked.bounds[0])))
            points = self._parts(rounded(self._scores[self.bonus.id], self.rulebook.places)) if self.bonus else 0
            yield {"step": "bonus", "bonus": points, "base": base, "bound": bound}

    def _bounds(self) -> list[Fact]:
        bounds = {"floor": self.rulebook.total_floor, "cap": self.rulebook.total_cap}
        said = {name: self._parts(value) for name, value in bounds.items() if value is not None}
        return [{"step": "total", "total": self._parts(self._total), **said}] if said else []

    def _fired(self, findings: list[Finding]) -> list[tuple[str, Veto]]:
        """The rules whose veto holds, the one that counts first."""
        fired = {finding.rule_id for finding in findings if not finding.unmeasured and finding.sentence != OVER}
        held = [(rule.id, rule.veto) for rule in self.rulebook.rules.values() if rule.veto and rule.id in fired]
        return sorted(held, key=lambda one: VETOES.index(one[1].kind))

    def _only_when(self, match: Match) -> Entry:
        assert self.bonus
        points = rounded(self._scores[self.bonus.id], self.rulebook.places)
        told = {"item": self.bonus.id, "base": plain(self._found.base), "bonus": plain(points)}
        return self._line(self.bonus.id, "only_when", "only_when", self.bonus.id, -points, told)

    def _rounding(self, match: Match) -> Entry:
        lines, total = (Fraction(int(match.fact[name]), self._grain) for name in ("lines", "total"))
        told = {"total": plain(total), "lines": plain(lines)}
        return self._line(WHOLE, "rounding", "rounding_of_total", self._clause, total - lines, told)

    def _floor(self, match: Match) -> Entry:
        return self._bound(match, "floor")

    def _cap(self, match: Match) -> Entry:
        return self._bound(match, "cap")

    def _bound(self, match: Match, name: str) -> Entry:
        total, bound = (Fraction(int(match.fact[key]), self._grain) for key in ("total", name))
        told = {"total": plain(total), name: plain(bound)}
        return self._line(WHOLE, name, f"{name}_of_total", self._clause, bound - total, told)

    def _veto(self, match: Match) -> Entry:
        id, veto = self._vetoes[0]
        rule, self._found.veto = self.rulebook.rules[id], id
        points = -self._total if veto.kind == "total" else Fraction(0)
        told = {"rule": id, "total": plain(self._total), "grade": veto.grade}
        return self._line(WHOLE, "veto", f"veto_{veto.kind}", rule.clause, points, told)

    @property
    def _clause(self) -> str:
        """The clause of what is said of the whole: the first of the regulation."""
        return next(iter(self.rulebook.clauses))

    def _line(
        self, item: str, rule: str, sentence: str, clause: str, points: Fraction, told: Mapping[str, str]
    ) -> Entry:
        return Entry(self._unit, item, rule, clause, "", "", "", points, "", sentence, told)
