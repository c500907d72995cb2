"""The bulletin: the period in plain prose, sentence by sentence from figures, in Chinese or English."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from itertools import groupby

from pipelines.model.points import half_up, rounded, shown
from pipelines.model.rule import Rule, Rulebook
from pipelines.model.score import NOTHING_BEFORE, ItemScore, ScoredPeriod, Standing
from pipelines.model.text import masked, plain
from pipelines.views import compared, quality
from pipelines.views.figures import NOTHING, Say, in_prose, known, listed, parted, percent, plainly, run_on, speaking
from pipelines.views.frame import frame, made_of, words
from pipelines.views.ranking import line, listing

# What became of the period's objections, in a sentence: how many, how decided, how long it took.


REFUSED = "refuse"


def told(decisions: Collection[dict], say: Say, lang: str = "zh") -> str:
    """The sentence; "" where nothing was decided.

    ``decisions`` hold action, received_on, answer_by, decided_on. Days are calendar days from receipt to decision.
    """
    if not decisions:
        return ""
    counts = Counter(one["action"] for one in decisions)
    parts = [
        say("bulletin.decided", what=known(say, f"pages.action_{action}", action, lang), n=n).into(lang)
        for action, n in sorted(counts.items(), key=lambda one: (one[0] == REFUSED, -one[1], one[0]))
    ]
    found = say("bulletin.objections", n=len(decisions), parts=listed(parts, lang)).into(lang)
    days = [(one["decided_on"] - one["received_on"]).days for one in decisions if one["received_on"]]
    if days:
        facts = {"n": len(days), "days": plainly(rounded(Fraction(sum(days), len(days)), 1)), "longest": max(days)}
        found += say("bulletin.objections_took", **facts).into(lang)
    if late := sum(bool(one["answer_by"]) and one["decided_on"] > one["answer_by"] for one in decisions):
        found += say("bulletin.objections_late", n=late).into(lang)
    return found + say("bulletin.full_stop").into(lang)


NAMED = 3  # so many units are named at the head and at the end of the ranking
MOST_NAMED = 10  # so many units are named that share a place
CHANNELS, TOPICS = 4, 5  # so many channels and matters are named
CAUSES, SHORT_CAUSES = 3, 2  # so many causes are named of a low score, and on paper
WORDS = (
    "heading_overall",
    "heading_places",
    "heading_failings",
    "no_failings",
    "heading_verdicts",
    "section_practice",
    "heading_data",
    "heading_readings",
    "heading_ranking",
    "accounts",
    "accounts_says",
    "col_table",
    "col_read",
    "col_accepted",
    "col_quarantined",
    "col_note",
    "col_column",
    "col_times",
    "col_remedy",
    "absent",
    "broken",
    "warned",
    "readings_says",
    "col_clause",
    "col_reading",
    "col_value",
    "col_why",
    "chosen",
)


class Bulletin:
    """Writes the bulletin of one assessment in one language.

    ``sums`` are what each rule comes to for each unit: dicts of unit_id, item_id, rule_id, lines, points; ``decisions``
    those after objections (`views.objections.told`).
    """

    def __init__(
        self, result: ScoredPeriod, sums: list[dict], say: Say, lang: str = "zh", decisions: Collection[dict] = ()
    ) -> None:
        self.result = result
        self.lang = lang
        self.sums, self.decisions = sums, decisions
        self.say = in_prose(speaking(say, result.period.kind))
        self.ranked = [s for s in result.standings if s.ranked]
        self.placed = [s for s in self.ranked if s.rank is not None]  # over all, not in a group alone

    def page(self) -> dict:
        """The bulletin: ``frame``, prose by section, the ranking table, readings and the account of rows."""
        whole = listing(self.result, self.say, self.lang)
        broken, warned = (
            quality.by_promise(found(self.result), self.say, self.lang)
            for found in (quality.quarantined, quality.warned)
        )
        notices = quality.notices(self.result, self.lang)
        return {
            "frame": whole["frame"],
            "words": words(self.say, WORDS, self.lang, "bulletin"),
            "title": self._says("title", period_name=whole["frame"]["period_name"]),
            "ranking": whole,
            "overall": self.overall(),
            "paper": {"overall": self.overall(paper=True), "failings": self.failings(paper=True)},
            "unmeasured": self.unmeasured(),
            "failing": self.failing(),
            "often": self.often(),
            "places": self.places(whole["groups"]),
            "failings": self.failings(),
            "verdicts": whole["verdicts"],
            "no_verdicts": self.no_verdicts(),
            "readings": self.readings(),
            "accounts": quality.accounts(self.result, self.say, self.lang),
            "broken": broken,
            "warned": [row for row in warned if row["remedy"] not in notices],  # said once
            "notices": notices,
            "practice": self.practice(),
            "objections": told(self.decisions, self.say, self.lang),
            "method": self.method(),
            "method_says": self.method_says(),
            "record": self.record(),
        }

    def record(self) -> dict[str, str]:
        """The head of the record of publication before this period's first act: ``says`` and ``head``."""
        head = self.result.record_before
        first = head == NOTHING_BEFORE
        return {
            "title": self._says("record"),
            "says": self._says("record_first" if first else "record_before"),
            "head": "" if first else head,
        }

    def overall(self, paper: bool = False) -> list[str]:
        """The first paragraphs: how many units, how many cases, how they did, and what changed.

        On paper an annex says what was not assessed.
        """
        a, now = self.result, compared.city_figures(self.result)
        totals = [a.scores[s.unit_id].total for s in self.ranked]
        first = [
            self._says(
                "overall" if now["ranked"] != now["units"] else "overall_all_ranked",
                period_name=frame(a, self.say, self.lang)["period_name"],
                units=now["units"],
                ranked=now["ranked"],
                rows=now["case_rows"],
            )
        ]
        if totals:
            book = a.rulebook
            best, worst, mean = map(book.sum, (max(totals), min(totals), book.mean(totals)))
            key = "overall_alike" if best == worst else "overall_scores"
            first.append(self._says(key, mean=mean, best=best, worst=worst))
        rates = [
            self._says(
                "overall_rate",
                title=rule.title,
                part=now[rule.part],
                of=now[rule.of],
                rate=percent(now[rule.part], now[rule.of]),
                parts=a.rulebook.measures[rule.part].title,
                whole=a.rulebook.measures[rule.of].title,
            )
            for rule in compared.rates(a.rulebook)
            if now[rule.of]
        ]
        unmeasured = [] if paper else self.unmeasured()
        first += [text for text in (made_of(a, self.say, self.lang), *unmeasured) if text]
        changes, received = compared.changes(a, self.say, self.lang), run_on(self.received(), self.lang)
        paragraphs = [run_on(first, self.lang), run_on(rates, self.lang), *changes, received, *self.occurrences()]
        if paper:
            paragraphs = [paragraphs[0], run_on([paragraphs[1], *changes], self.lang), received, *self.occurrences()]
        return [text for text in paragraphs if text]

    def received(self) -> list[str]:
        """How requests came in, of what kinds and about what most, with the change on the period before where known.

        Nothing where the exports do not tell.
        """
        said = []
        for kind, most in (("channel", CHANNELS), ("kind", CHANNELS), ("matter", TOPICS)):
            rows = [(name, n) for of, name, n in compared.received(self.result) if of == kind]
            before, whole = compared.received_before(self.result, kind), sum(n for _, n in rows)
            if len(rows) < 2:
                continue  # one of a kind is no news
            parts = []
            for name, n in rows[:most]:
                facts = {"name": name, "n": n, "share": percent(n, whole)}
                parts.append(self._says("by_count" if kind == "matter" else "by_share", **facts))
                parts[-1] += self._since(n, whole, before, name, kind)
            if kind != "matter" and (rest := sum(n for _, n in rows[most:])):
                parts.append(self._says("by_share_rest", share=percent(rest, whole)))
            said.append(self._says(f"received_{kind}{'_compared' if before else ''}", parts=listed(parts, self.lang)))
        return said

    def _since(self, n: int, whole: int, before: dict[str, int], name: str, kind: str) -> str:
        """In brackets the change of a share in percentage points, or of a number of cases; "" where none is known."""
        was = before.get(name)
        if was is None:
            return self._says("since_new") if before and len(before) < compared.KEPT else ""
        change = Fraction(n - was)
        if kind != "matter":
            change = half_up(Fraction(100 * n, whole)) - half_up(Fraction(100 * was, sum(before.values())))
        size = shown(abs(change)) if kind != "matter" else str(abs(n - was))
        way = "up" if change > 0 else "down" if change < 0 else "same"
        return self._says(f"since_{way}", n=size)

    def occurrences(self) -> list[str]:
        """How often what costs points by the case happened; nothing of what did not, or the exports cannot tell."""
        book, tallies = self.result.rulebook, self.result.tallies.values()
        counted = [rule for rule in book.rules.values() if rule.kind == "occurrence" and not self._untold(rule.measure)]
        counts = [(rule, sum(tally.occurrences(rule.id, rule.measure) for tally in tallies)) for rule in counted]
        said = [self._says("count", measure=book.measures[rule.measure].title, n=n) for rule, n in counts if n]
        waived = any(sum(by.values()) for tally in tallies for by in tally.waived.values())
        key = "occurrences_waived" if waived else "occurrences"
        return [self._says(key, counts=listed(said, self.lang))] if said else []

    def _untold(self, measure: str) -> bool:
        """Whether the exports do not tell how often something happened: its table is not there, or declared absent."""
        lacking = any(measure in tally.lacking for tally in self.result.tallies.values())
        return lacking or self.result.rulebook.measures[measure].counts in self.result.intake.absent_tables

    def unmeasured(self) -> list[str]:
        """What was not assessed of how many units, an item a part; () where everything was."""
        scores, book = self.result.scores.values(), self.result.rulebook
        items: dict[int, list[str]] = {}
        for item in book.items.values():
            n = sum(item.id in score.items and not score.items[item.id].measured for score in scores)
            if n and item.full_marks:
                items.setdefault(n, []).append(item.title.into(self.lang))
        if not items:
            return []
        both = ", " if self.lang == "en" else "”“"
        parts = [self._says(self._lacked_by(n, titles), title=both.join(titles), n=n) for n, titles in items.items()]
        units = sum(
            any(not one.measured and book.items[id].full_marks for id, one in score.items.items()) for score in scores
        )
        return [self._says("unmeasured", n=units, items=parted(parts, self.lang))]

    def _lacked_by(self, n: int, titles: list[str]) -> str:
        """The sentence on items that so many units lack: all of them, each of them, or one item."""
        if n == len(self.result.scores):
            return "unmeasured_everywhere"
        return "unmeasured_items" if len(titles) > 1 else "unmeasured_item"

    def places(self, groups: list[dict]) -> list[dict]:
        """What is said about places: the head, each group's first, the end, those who are not ranked."""
        overall = self.result.rulebook.ranking.overall
        parts = {
            "head": [self.leaders(list(same)) for _, same in groupby(self._first(), key=lambda s: s.rank)],
            "groups": [self.of_group(group) for group in groups] if len(groups) > 1 or not overall else [],
            "bands": self.bands(),
            "risen": compared.risen(self.result, self.say, self.lang),
            "end": [self.trailing(standing) for standing in self._last()],
            "apart": self.apart(),
        }
        found = []
        for number, (name, said) in enumerate(((name, said) for name, said in parts.items() if said), 1):
            title = self._says(f"places_{name}")
            heading = self._place_heading(number, title)
            found.append({"title": title, "heading": heading, "sentences": said, "paper": self._on_paper(name, said)})
        return found

    def _on_paper(self, name: str, said: list[str]) -> list[str]:
        """The same in fewer lines: the end without the arithmetic of the scorecards, short sentences together.

        Who is not ranked stands in an annex.
        """
        if name == "apart":
            return []
        if name == "end":
            said = [self.trailing(standing, short=True) for standing in self._last()]
        if name == "risen":
            said = compared.risen(self.result, self.say, self.lang, short=True)
        return said if name == "groups" else [run_on(said, self.lang)]

    def _place_heading(self, number: int, title: str) -> str:
        numeral = str(number) if self.lang == "en" else "一二三四五六"[number - 1]
        return self._says("place_part", number=numeral, title=title)

    def leaders(self, standings: list[Standing]) -> str:
        """A place at the head: who holds it, alone or together, and how the totals are made."""
        facts = [self._facts(standing) for standing in standings]
        if len(facts) == 1:
            return self._says("leader" if self._has_bonus(facts) else "leader_plain", **facts[0])
        if len({(fact["base"], fact["bonus"]) for fact in facts}) == 1:
            key = "leaders_alike" if self._has_bonus(facts) else "leaders_alike_plain"
            return self._says(key, **{**facts[0], "name": self._names(facts)}, n=len(facts))
        sharing = "sharing" if self._has_bonus(facts) else "standing"
        names = parted((self._says(sharing, **fact) for fact in facts[:MOST_NAMED]), self.lang)
        key = "leaders_and_more" if len(facts) > MOST_NAMED else "leaders"
        return self._says(key, rank=facts[0]["rank"], n=len(facts), names=names)

    def _has_bonus(self, facts: list[dict]) -> bool:
        """Whether any of these totals is more, or less, than its base."""
        return any(fact["base"] != fact["total"] for fact in facts)

    def group_leader(self, group: dict) -> str:
        """Who leads a group, with everybody who shares the place."""
        first = [row for row in group["rows"] if row["group_rank"] == "1"]
        alike = len({row["total"] for row in first}) == 1  # they need not be where places go by the base
        key = "group_leader" if len(first) == 1 else "group_leaders" if alike else "group_leaders_apart"
        facts = {"n": len(group["rows"]), "m": len(first), "total": first[0]["total"]}
        return self._says(key, group=group["name"] or "—", names=self._names(first), **facts)

    def of_group(self, group: dict) -> str:
        """Who leads a group and who ends it, places one to three and the last three; of a small one who leads it."""
        rows = group["rows"]
        first = [row for row in rows if int(row["group_rank"]) <= NAMED]
        last = [row for row in rows if len(rows) - int(row["group_rank"]) < NAMED]
        if len(first) + len(last) > len(rows) or max(len(first), len(last)) > MOST_NAMED or not last:
            return self.group_leader(group)
        best, worst = (listed(map(self._standing, some), self.lang) for some in (first, last))
        return self._says("group_ends", group=group["name"] or "—", n=len(rows), best=best, worst=worst)

    def bands(self) -> list[str]:
        """Units of like size beside each other, as the office's settings band them; the smallest are not told of."""
        found, most = [], None
        for least in self.result.office.bands if self.result.office else ():
            rows = [self._line(s) for s in self.placed if least <= s.case_rows < (most or s.case_rows + 1)]
            band = self._says("band_open" if most is None else "band", least=least, most=most and most - 1)
            first, last = rows[:NAMED], rows[-NAMED:]
            if len(rows) > 2 * NAMED:
                best, worst = (listed(map(self._standing, some), self.lang) for some in (first, last))
                found.append(self._says("band_ends", band=band, n=len(rows), best=best, worst=worst))
            elif rows:
                names = listed(map(self._standing, rows), self.lang)
                found.append(self._says("band_all", band=band, n=len(rows), names=names))
            most = least
        return found

    def practice(self) -> list[str]:
        """What the office praises of units' work in this period, in its own words."""
        office = self.result.office
        return [plain(masked(one)) for one in office.issue(str(self.result.period)).practice] if office else []

    def _standing(self, row: dict) -> str:
        """A unit with its points, after the rate that lists units of equal figures where the book has one."""
        rated = row["satisfaction"] != NOTHING and bool(self.result.rulebook.ranking.listed_by)
        facts = {name: row[name] for name in ("name", "total")}
        if not rated:
            return self._says("standing", **facts)
        part, of = self.result.rulebook.ranking.listed_by
        rate = next((r.title for r in compared.rates(self.result.rulebook) if (r.part, r.of) == (part, of)), None)
        return (
            self._says("standing_rated", **facts, title=rate, rate=row["satisfaction"])
            if rate
            else self._says("standing", **facts)
        )

    def failings(self, paper: bool = False) -> list[str]:
        """Units under the target of a rate, with their rates; and where what costs points by the case happened most.

        On paper a paragraph each.
        """
        book, found, often = self.result.rulebook, [], []
        for rule in compared.rates(book):
            under = sorted(self._under(rule), key=lambda one: (one[0], self._order(one[1])))
            if under:
                rates = ((self._name(s), f"{shown(half_up(abs(rate)))}%") for rate, s in under)
                names = [self._says("unit_rate", name=name, rate=rate) for name, rate in rates]
                facts = {"title": rule.title, "n": len(under), "names": self._first_names(names)}
                found.append(self._says("under_target", **facts))
        for rule, most in self._often():
            names = [self._says("unit_count", name=self._name(s), n=n) for n, s in most]
            title = book.measures[rule.measure].title
            often.append(self._says("most_often", title=title, names=listed(names, self.lang)))
        return [run_on(said, self.lang) for said in (found, often) if said] if paper else [*found, *often]

    def _often(self) -> Iterator[tuple[Rule, list[tuple[int, Standing]]]]:
        """Where what costs points by the case happened most, of those to whom it happened more than once."""
        for rule in self.result.rulebook.rules.values():
            if rule.kind == "occurrence" and not self._untold(rule.measure):
                tallies = self.result.tallies
                counts = [(tallies[s.unit_id].occurrences(rule.id, rule.measure), s) for s in self.ranked]
                several = ((n, s) for n, s in counts if n > 1)
                if most := sorted(several, key=lambda one: (-one[0], self._order(one[1])))[:NAMED]:
                    yield rule, most

    def often(self) -> list[str]:
        """The units of the last sentences on failings."""
        return list(dict.fromkeys(self._name(standing) for _, most in self._often() for _, standing in most))

    def failing(self) -> list[str]:
        """The units under a target, the lowest rate first."""
        found = [one for rule in compared.rates(self.result.rulebook) for one in self._under(rule)]
        ordered = sorted(found, key=lambda one: (one[0], self._order(one[1])))
        return list(dict.fromkeys(self._name(s) for _, s in ordered))

    def _order(self, standing: Standing) -> tuple[bool, int, str]:
        return self.result.tallies[standing.unit_id].unit.order

    def _under(self, rule: Rule) -> Iterator[tuple[Fraction, Standing]]:
        """The ranked units whose rate of the whole period, as the city prints it, is under its target, with that rate.

        A rate over a target that is not to be passed is below 0, so that the worst comes first. Whom the rule does not
        judge is none of them.
        """
        first, scale = self.result.period.months[0], self.result.rulebook.measures[rule.of].scale
        for standing in self.ranked:
            tally = self.result.tallies[standing.unit_id]
            part, of = tally.count(rule.part), tally.count(rule.of)
            target = rule.target_of(tally.unit.unit_group, first)
            judged = rule.is_for(tally.unit.unit_group) and of >= rule.needs * scale
            if judged and of and target and not {rule.part, rule.of} & tally.lacking:
                rate = rule.printed(part, of)
                if (rate > target) if rule.fewer else (rate < target):
                    yield (-rate if rule.fewer else rate), standing

    def _name(self, standing: Standing) -> str:
        return self._line(standing)["name"]

    def _first_names(self, names: list[str]) -> str:
        said = listed(names[:MOST_NAMED], self.lang)
        return self._says("and_more", names=said) if len(names) > MOST_NAMED else said

    def trailing(self, standing: Standing, short: bool = False) -> str:
        """A unit at the end: the whole arithmetic of its total, unless ``short``, and the rules that cost most."""
        score = self.result.scores[standing.unit_id]
        lost = [item for item in score.items.values() if item.deducted < 0]
        text = self._says(
            "trailing_short" if short else "trailing" if lost else "trailing_without_loss",
            **self._facts(standing),
            full=shown(half_up(score.full_marks)),
            sum=self._points(-sum((item.brought for item in lost), Fraction(0))),
            lost=(", " if self.lang == "en" else "，").join(self._all_lost(lost)),
            bonus_says=self._says("and_bonus", bonus=self._facts(standing)["bonus"]) if score.bonus else "",
        )
        causes = self._causes(standing.unit_id)[: SHORT_CAUSES if short else CAUSES]
        return run_on([text, *([self._says("causes", causes=listed(causes, self.lang))] if causes else [])], self.lang)

    def _all_lost(self, lost: list[ItemScore]) -> Iterator[str]:
        """The items that lost most, each with its points, in the order of the sheet, and the others together."""
        largest = sorted(lost, key=lambda item: item.brought)[:CAUSES]
        yield from (self._lost(item) for item in lost if item in largest)
        if rest := [item for item in lost if item not in largest]:
            points = -sum((item.brought for item in rest), Fraction(0))
            yield self._says("lost_rest", n=len(rest), points=self._points(points))

    def _lost(self, item: ItemScore) -> str:
        title = self.result.rulebook.items[item.item_id].title.into(self.lang)
        key = "lost" if item.score else "lost_all"
        return self._says(key, item=item.item_id, title=title, points=self._points(-item.brought))

    def apart(self) -> list[str]:
        """Units that are listed and not ranked, by the reason."""
        reasons: dict[str, list[dict]] = {}
        for row in (self._line(s) for s in self.result.standings if not s.ranked):
            reasons.setdefault(listed(row["notes"], self.lang) or self._says("not_ranked"), []).append(row)
        return [
            self._says("apart", reasons=reason, n=len(rows), names=self._names(rows))
            for reason, rows in reasons.items()
        ]

    def method(self) -> list[dict]:
        """The score sheet: every item with its full marks and what costs or brings points."""
        rulebook = self.result.rulebook
        return [
            {
                "id": item.id,
                "title": item.title.into(self.lang),
                "full_marks": shown(item.full_marks) if item.full_marks else NOTHING,
                "rules": [rule.title.into(self.lang) for rule in rulebook.rules.values() if rule.item == item.id],
            }
            for item in rulebook.items.values()
        ]

    def method_says(self) -> str:
        """How items make a total: where items begin, what sums them up, with how many decimals."""
        book = self.result.rulebook
        marked = [item for item in book.items.values() if item.full_marks]
        starts = {item.starts for item in marked}
        begins = "mixed" if len(starts) > 1 else "takes" if starts == {"full"} else "gives"
        if begins == "takes" and any(item.floor != 0 for item in marked):
            begins = "takes_to_floor"
        weighed = "weighed" if any(item.weight != 1 for item in marked) or _multiplies(book) else "sums"
        bonus = "with_bonus" if len(marked) < len(book.items) else "alone"
        decimals = self._says("method_decimals" if book.decimals else "method_whole", n=book.decimals)
        return self._says(f"method_{begins}") + self._says(f"method_{weighed}_{bonus}") + decimals

    def no_verdicts(self) -> str:
        """Why nobody is commended or criticised: no unit met the conditions, or the book has none."""
        return self._says("no_verdicts") if self.result.rulebook.verdicts else self._says("without_verdicts")

    def readings(self) -> list[dict]:
        """The readings in force, what each decides, and whether somebody chose another than the default."""
        return [
            {
                "id": reading.id,
                "clause": reading.clause,
                "title": reading.title.into(self.lang),
                "value": self.result.readings[reading.id],
                "says": self._reading_says(reading),
                "chosen": self.result.readings[reading.id] != reading.default,
                "reason": reading.reason.into(self.lang),
            }
            for reading in self.result.rulebook.readings.values()
        ]

    def _reading_says(self, reading) -> str:
        value = self.result.readings[reading.id]
        said = reading.says.get(value)
        return said.into(self.lang) if said else self._says("reading_number", value=value)

    def _names(self, rows: list[dict]) -> str:
        """The first few names, and that there are more."""
        names = listed((row["name"] for row in rows[:MOST_NAMED]), self.lang)
        return self._says("and_more", names=names) if len(rows) > MOST_NAMED else names

    def _first(self) -> list[Standing]:
        return [s for s in self.placed if s.rank <= NAMED]

    def _last(self) -> list[Standing]:
        """The last places, the lowest first: at most a third of the ranked, and nobody named at the head."""
        rest = [s for s in self.placed if s.rank > NAMED]
        return rest[::-1][: min(NAMED, len(self.placed) // 3)]

    def _facts(self, standing: Standing) -> dict[str, str]:
        row = self._line(standing)
        return {name: row[name] for name in ("name", "rank", "total", "base", "bonus")}

    def _line(self, standing: Standing) -> dict:
        return line(self.result, standing, self.say, self.lang)

    def _causes(self, unit_id: str) -> list[str]:
        """What would bring most back if it alone fell away; a rule whose item is used up by others brings nothing."""
        lines = {s["rule_id"]: s["lines"] for s in self.sums if s["unit_id"] == unit_id}
        return [
            self._says(
                self._kind_of(loss.rules),
                rule=listed(map(self._rule, loss.rules), self.lang),
                points=self._points(loss.back),
                n=sum(lines.get(rule, 0) for rule in loss.rules),
            )
            for loss in self.result.scores[unit_id].losses[:CAUSES]
        ]

    def _kind_of(self, rules: Iterable[str]) -> str:
        """How a cause is told: by how often it happened, as a rate under its target, or by its name alone."""
        book = self.result.rulebook.rules
        kinds = {book[id].kind if id in book else "" for id in rules}
        return {("occurrence",): "cause_cases", ("rate",): "cause_rate"}.get((*kinds,), "cause")

    def _rule(self, rule_id: str) -> str:
        rule = self.result.rulebook.rules.get(rule_id)
        return rule.title.into(self.lang) if rule else known(self.say, f"pages.rule_{rule_id}", rule_id, self.lang)

    def _points(self, points: Fraction) -> str:
        return self.result.rulebook.line(points)

    def _says(self, sentence: str, /, **facts: object) -> str:
        return self.say(f"bulletin.{sentence}", **facts).into(self.lang)


def _multiplies(book: Rulebook) -> bool:
    """Whether a sheet has coefficients."""
    return any(own.times != 1 for sheet in book.sheets.values() for own in sheet.values())
