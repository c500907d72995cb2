"""The bulletin: the quarter in plain Chinese prose, sentence by sentence from figures."""

from fractions import Fraction
from itertools import groupby

from pipelines.model.assessment import Assessment
from pipelines.model.points import shown
from pipelines.model.score import ItemScore, Standing
from pipelines.views import compared, quality
from pipelines.views.figures import NOTHING, Say, known, listed, mean, percent
from pipelines.views.frame import frame
from pipelines.views.ranking import line, ranking

NAMED = 3  # so many units are named at the head and at the end of the ranking
MOST_NAMED = 10  # so many units are named that share a place
CAUSES = 3  # so many causes are named of a low score

# What must be there for a count to mean anything: tables, columns of cases.
NEEDS = {
    "late_signing": {"sign_due_at", "signed_at"},
    "late_reply": {"reply_due_at", "replied_at"},
    "refusal": {"incidents"},
    "attitude": {"incidents"},
}


class Bulletin:
    """Writes the bulletin of one assessment.

    ``sums`` are what each rule comes to for each unit: dicts of unit_id, item_id, rule_id, lines, points.
    """

    def __init__(self, assessment: Assessment, sums: list[dict], say: Say):
        self.assessment = assessment
        self.sums = sums
        self.say = say
        self.ranked = [s for s in assessment.standings if s.rank is not None]

    def page(self) -> dict:
        """The bulletin: ``frame``, prose by section, the ranking table, readings and the account of rows."""
        whole = ranking(self.assessment, self.say)
        return {
            "frame": whole["frame"],
            "ranking": whole,
            "overall": self.overall(),
            "places": self.places(whole["groups"]),
            "verdicts": whole["verdicts"],
            "readings": self.readings(),
            "accounts": quality.accounts(self.assessment, self.say),
            "broken": quality.by_promise(quality.quarantined(self.assessment), self.say),
            "warned": quality.by_promise(quality.warned(self.assessment), self.say),
            "notices": quality.notices(self.assessment),
            "method": self.method(),
        }

    def overall(self) -> list[str]:
        """The first paragraphs: how many units, how many cases, how they did."""
        a, tallies = self.assessment, self.assessment.tallies.values()
        totals = [a.scores[s.unit_id].total for s in self.ranked]
        due, done = (sum(t.count(measure) for t in tallies) for measure in ("due", "completed"))
        rated, satisfied = sum(s.rated for s in a.standings), sum(s.satisfied for s in a.standings)
        text = [self._says("overall", quarter=frame(a, self.say)["quarter"], units=len(a.standings),
                           ranked=len(totals), rows=sum(s.case_rows for s in a.standings))]
        if totals:
            best, worst = shown(max(totals)), shown(min(totals))
            text[0] += self._says("overall_scores", mean=mean(totals), best=best, worst=worst)
            text[0] += compared.whole(a, self.say)
        if due:
            text.append(self._says("overall_completion", done=done, due=due, rate=percent(done, due)))
        if rated:
            said = self._says("overall_satisfaction", satisfied=satisfied, rated=rated, rate=percent(satisfied, rated))
            text = [*text[:1], "".join((*text[1:], said))]
        return [*text, *self.occurrences()]

    def occurrences(self) -> list[str]:
        """How often what costs points by the case happened; what the exports cannot tell is not given as zero."""
        tallies, intake = self.assessment.tallies.values(), self.assessment.intake
        lacking = {*intake.absent_tables, *(column for table, column in intake.declared_absent if table == "cases")}
        counted = [m for m, needs in NEEDS.items() if lacking.isdisjoint(needs)]
        said = [self._says(f"count_{m}", n=sum(t.count(m) for t in tallies)) for m in counted]
        return [self._says("occurrences", counts="；".join(said))] if said else []

    def places(self, groups: list[dict]) -> list[dict]:
        """What is said about places: the head, each group's first, the end, those who are not ranked."""
        parts = {
            "head": [self.leaders(list(same)) for _, same in groupby(self._first(), key=lambda s: s.rank)],
            "groups": [self.group_leader(group) for group in groups],
            "risen": compared.risen(self.assessment, self.say),
            "end": [self.trailing(standing) for standing in self._last()],
            "apart": self.apart(),
        }
        return [{"title": self._says(f"places_{name}"), "sentences": said} for name, said in parts.items() if said]

    def leaders(self, standings: list[Standing]) -> str:
        """A place at the head: who holds it, alone or together, and how the totals are made."""
        facts = [self._facts(standing) for standing in standings]
        if len(facts) == 1:
            return self._says("leader", **facts[0])
        if len({(fact["base"], fact["bonus"]) for fact in facts}) == 1:
            return self._says("leaders_alike", **{**facts[0], "name": self._names(facts)}, n=len(facts))
        names = "；".join(self._says("sharing", **fact) for fact in facts[:MOST_NAMED])
        key = "leaders_and_more" if len(facts) > MOST_NAMED else "leaders"
        return self._says(key, rank=facts[0]["rank"], n=len(facts), names=names)

    def group_leader(self, group: dict) -> str:
        """Who leads a group, with everybody who shares the place."""
        first = [row for row in group["rows"] if row["group_rank"] == "1"]
        alike = len({row["total"] for row in first}) == 1  # they need not be where places go by the base
        key = "group_leader" if len(first) == 1 else "group_leaders" if alike else "group_leaders_apart"
        facts = {"n": len(group["rows"]), "m": len(first), "total": first[0]["total"]}
        return self._says(key, group=group["name"] or "—", names=self._names(first), **facts)

    def trailing(self, standing: Standing) -> str:
        """A unit at the end: the whole arithmetic of its total and the rules that cost most."""
        items = self.assessment.scores[standing.unit_id].items.values()
        lost = [item for item in items if item.deducted < 0]
        text = self._says(
            "trailing" if lost else "trailing_without_loss",
            **self._facts(standing),
            full=shown(sum((item.full_marks for item in items), Fraction(0))),
            sum=shown(-sum((item.deducted for item in lost), Fraction(0))),
            lost="，".join(self._lost(item) for item in lost),
        )
        causes = self._causes(standing.unit_id)
        return text + (self._says("causes", causes=listed(causes)) if causes else "")

    def _lost(self, item: ItemScore) -> str:
        title = self.assessment.rulebook.items[item.item_id].title.zh
        key = "lost" if item.score else "lost_all"
        return self._says(key, item=item.item_id, title=title, points=shown(-item.deducted))

    def apart(self) -> list[str]:
        """Units that are listed and not ranked, by the reason."""
        reasons: dict[str, list[str]] = {}
        for row in (line(self.assessment, s, self.say) for s in self.assessment.standings if s.rank is None):
            reasons.setdefault("，".join(row["notes"]) or self._says("not_ranked"), []).append(row["name"])
        return [self._says("apart", reasons=reason, n=len(names), names=listed(names))
                for reason, names in reasons.items()]

    def method(self) -> list[dict]:
        """The score sheet: every item with its full marks and what costs or brings points."""
        rulebook = self.assessment.rulebook
        return [
            {
                "id": item.id,
                "title": item.title.zh,
                "full_marks": shown(item.full_marks) if item.full_marks else NOTHING,
                "rules": [rule.title.zh for rule in rulebook.rules.values() if rule.item == item.id],
            }
            for item in rulebook.items.values()
        ]

    def readings(self) -> list[dict]:
        """The readings in force, what each decides, and whether somebody chose another than the default."""
        return [
            {
                "id": reading.id,
                "clause": reading.clause,
                "title": reading.title.zh,
                "value": self.assessment.readings[reading.id],
                "says": self._reading_says(reading),
                "chosen": self.assessment.readings[reading.id] != reading.default,
                "reason": reading.reason.zh,
            }
            for reading in self.assessment.rulebook.readings.values()
        ]

    def _reading_says(self, reading) -> str:
        value = self.assessment.readings[reading.id]
        return reading.says[value].zh if value in reading.says else self._says("reading_number", value=value)

    def _names(self, rows: list[dict]) -> str:
        """The first few names, and that there are more."""
        names = listed(row["name"] for row in rows[:MOST_NAMED])
        return f"{names}等" if len(rows) > MOST_NAMED else names

    def _first(self) -> list[Standing]:
        return [s for s in self.ranked if s.rank <= NAMED]

    def _last(self) -> list[Standing]:
        """The last places, the lowest first: at most a third of the ranked, and nobody named at the head."""
        rest = [s for s in self.ranked if s.rank > NAMED]
        return rest[::-1][: min(NAMED, len(self.ranked) // 3)]

    def _facts(self, standing: Standing) -> dict[str, str]:
        row = line(self.assessment, standing, self.say)
        return {name: row[name] for name in ("name", "rank", "total", "base", "bonus")}

    def _causes(self, unit_id: str) -> list[str]:
        cost = [s for s in self.sums if s["unit_id"] == unit_id and s["points"] < 0]
        cost.sort(key=lambda s: (s["points"], s["rule_id"]))
        return [self._says("cause", rule=self._rule(s["rule_id"]), n=s["lines"], points=-s["points"])
                for s in cost[:CAUSES]]

    def _rule(self, rule_id: str) -> str:
        rule = self.assessment.rulebook.rules.get(rule_id)
        return rule.title.zh if rule else known(self.say, f"pages.rule_{rule_id}", rule_id)

    def _says(self, sentence: str, /, **facts: object) -> str:
        return self.say(f"bulletin.{sentence}", **facts).zh
