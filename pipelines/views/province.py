"""A province's pages and tables: its cities, the places of all units in portions, a page for every city."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

from pipelines.model.score import ScoredPeriod, Standing
from pipelines.model.text import file_stem, link_to, masked, plain
from pipelines.views.figures import NOTHING, Say, named, percent, speaking
from pipelines.views.frame import SUFFIX, frame, words
from pipelines.views.ranking import WORDS, figures, heat, listing, place, rate_words, sums
from pipelines.views.tables import ITEMS, RANKING, VERDICTS, item_rows, ranking_rows, verdict_rows

BETWEEN = "/"  # the city before the id of its unit
PORTION = 500  # units on a page of places
INDEX, LISTING = "site/province.html.j2", "site/listing.html.j2"
OWN_WORDS = (
    "says",
    "search",
    "shown",
    "cities",
    "cities_say",
    "col_city",
    "col_units",
    "col_ranked",
    "col_mean",
    "col_best",
    "col_last",
    "places",
    "places_say",
    "left_out",
    "nav",
)
KEPT = (  # by pages of places, of those of a city
    "frame",
    "words",
    "own",
    "graded",
    "grouped",
    "rated",
    "lists",
    "summed",
    "placed_by",
    "compared",
    "files",
)
DRAWN = ("reread", "doubt", "moves", "heat", "funnel")  # of a city's own page; a province has the heat alone
TABLES = ("ranking.csv", "items.csv", "verdicts.csv", "cities.csv", "manifest.json")
CITIES = (
    "period",
    "city",
    "state",
    "units",
    "ranked",
    "case_rows",
    "mean_total",
    "best_rank",
    "last_rank",
    "edition",
    "rulebook_sha256",
    "manifest_sha256",
)


def city_of(unit_id: str) -> str:
    """The city of a unit of the province."""
    return unit_id.partition(BETWEEN)[0]


class Province:
    """The pages of a province's result; ``cities`` in the order of their names, ``left_out`` those not in it."""

    def __init__(self, result: ScoredPeriod, cities: Sequence[str], left_out: Sequence[str], say: Say) -> None:
        self.result, self.cities, self.left_out = result, cities, left_out
        self.say = speaking(say, result.period.kind)

    @cached_property
    def of_city(self) -> dict[str, list[Standing]]:
        """The standings of every city, in the province's order."""
        found: dict[str, list[Standing]] = {name: [] for name in self.cities}
        for standing in self.result.standings:
            found[city_of(standing.unit_id)].append(standing)
        return found

    @property
    def portions(self) -> list[tuple[Standing, ...]]:
        """All standings, so many a page."""
        every = self.result.standings
        return [every[first : first + PORTION] for first in range(0, len(every), PORTION)]

    def pages(self, lang: str) -> Iterator[tuple[str, str, dict]]:
        """File, template and page dict of each page in a language."""
        suffix, page, rows = SUFFIX[lang], {}, {}
        yield f"index{suffix}.html", INDEX, self._index(lang)
        for city, standings in self.of_city.items():
            page = self._of_city(city, standings, lang)
            to = f"../cities/{link_to(file_stem(city))}{suffix}.html"
            inside = (row for group in page["groups"] for row in group["rows"])
            listed = (*page["overall"], *inside, *page["unranked"], *page["apart"])
            rows |= {row["id"]: row | {"leads": to} for row in listed}
            yield f"cities/{file_stem(city)}{suffix}.html", LISTING, page
        groups = {name: str(n) for n, name in enumerate(sorted({row["group"] for row in rows.values()}), 1)}
        around = {name: page[name] for name in KEPT} | dict.fromkeys(("said", *DRAWN)) | {"groups": []}
        around["figures"] = figures(self.result, self.say, lang)
        around["choices"] = [{"name": name, "number": number} for name, number in groups.items()]
        for number, standings in enumerate(self.portions, 1):
            own = [rows[plain(standing.unit_id)] for standing in standings]
            own = [row | {"group_number": groups[row["group"]]} for row in own]
            yield (
                f"places/{number}{suffix}.html",
                LISTING,
                around
                | {
                    "title": self._title(self._span(number, lang), lang),
                    "overall": [row for row in own if row["group_rank"] != NOTHING],
                    "unranked": [row for row in own if row["group_rank"] == NOTHING and not row["apart"]],
                    "apart": [row for row in own if row["apart"]],
                    "beside": self._beside(number, lang),
                    "twin": self._twin(str(number), lang),
                },
            )

    def _of_city(self, city: str, standings: Sequence[Standing], lang: str) -> dict:
        """The page of a city: that of a ranking, with the places of the province."""
        ids = {standing.unit_id for standing in standings}
        some = replace(
            self.result,
            standings=tuple(standings),
            tallies={id: self.result.tallies[id] for id in ids},
            scores={id: self.result.scores[id] for id in ids},
            verdicts=tuple(given for given in self.result.verdicts if given.unit_id in ids),
        )
        page = dict.fromkeys(DRAWN) | listing(some, self.say, lang) | {"heat": heat(some, lang)}
        for row in self._units(page):
            row["leads"] = ""  # its scorecard is its city's
        own = words(self.say, OWN_WORDS, lang, "roll_up")
        return (
            page
            | sums(self.result, self.say, lang)
            | {  # as over all cities
                "frame": self._frame(page["frame"]),
                "words": page["words"] | {"ranking_says": own["says"]},
                "title": self._title(plain(masked(city)), lang),
                "own": own,
                "files": [],
                "beside": [],
                "twin": self._twin(file_stem(city), lang),
            }
        )

    def _title(self, name: str, lang: str) -> str:
        return self.say("roll_up.title_of", name=name, period_name=named(self.result.period, lang)).into(lang)

    @staticmethod
    def _units(page: dict) -> Iterator[dict]:
        """Every line of a unit on a page."""
        for rows in (page["overall"], page["unranked"], page["apart"], *(group["rows"] for group in page["groups"])):
            yield from rows
        for given in page["verdicts"].values():
            for verdict in given:
                yield from verdict["units"]

    @staticmethod
    def _frame(around: dict) -> dict:
        return around | {"clauses": {}}  # a province has no method page

    @staticmethod
    def _twin(stem: str, lang: str) -> str:
        return f"{link_to(stem)}{SUFFIX['zh' if lang == 'en' else 'en']}.html"

    def _span(self, number: int, lang: str) -> str:
        first = (number - 1) * PORTION + 1
        last = min(number * PORTION, len(self.result.standings))
        return self.say("roll_up.span", first=first, last=last).into(lang)

    def _beside(self, number: int, lang: str) -> list[dict]:
        """The portions before and after."""
        return [
            {"href": f"{n}{SUFFIX[lang]}.html", "label": self._span(n, lang)}
            for n in (number - 1, number + 1)
            if 1 <= n <= len(self.portions)
        ]

    def _index(self, lang: str) -> dict:
        around, suffix = self._frame(frame(self.result, self.say, lang)), SUFFIX[lang]
        facts = {"name": plain(masked(self.result.city)), "period_name": around["period_name"]}
        return {
            "frame": around,
            "words": words(self.say, WORDS, lang) | rate_words(self.result.rulebook, self.say, lang),
            "own": words(self.say, OWN_WORDS, lang, "roll_up"),
            "title": self.say("roll_up.title" if facts["name"] else "roll_up.title_unnamed", **facts).into(lang),
            "figures": [
                {"label": self.say("roll_up.cities").into(lang), "value": str(len(self.cities))},
                *figures(self.result, self.say, lang),
            ],
            "rows": [self._city(city, standings, suffix) for city, standings in self.of_city.items()],
            "portions": [
                {"href": f"places/{number}{suffix}.html", "label": self._span(number, lang)}
                for number in range(1, len(self.portions) + 1)
            ],
            "left_out": [plain(masked(city)) for city in self.left_out],
            "files": TABLES,
            "twin": self._twin("index", lang),
        }

    def _city(self, city: str, standings: Sequence[Standing], suffix: str) -> dict:
        units = [self.result.tallies[standing.unit_id].unit for standing in standings]
        told = summary(self.result, standings)
        return {
            "name": plain(masked(city)),
            "href": f"cities/{link_to(file_stem(city))}{suffix}.html",
            "find": plain(masked(" ".join(f"{unit.unit_id} {unit.unit_name}" for unit in units))),
            "satisfaction": percent(sum(s.satisfied for s in standings), sum(s.rated for s in standings)),
            **told,
            "best": place(told["best"]),
            "last": place(told["last"]),
        }


def summary(result: ScoredPeriod, standings: Sequence[Standing]) -> dict:
    """A city in few figures: ``units``, ``ranked``, ``case_rows``, ``mean``, the ``best`` and the ``last`` place."""
    ranked = [standing for standing in standings if standing.ranked]
    totals: list[Fraction] = [result.scores[standing.unit_id].total for standing in ranked]
    places = [standing.rank for standing in ranked if standing.rank is not None]
    return {
        "units": len(standings),
        "ranked": len(ranked),
        "case_rows": sum(standing.case_rows for standing in standings),
        "mean": result.rulebook.sum(result.rulebook.mean(totals)) if totals else NOTHING,
        "best": min(places, default=None),
        "last": max(places, default=None),
    }


def tables(province: Province, told: Mapping[str, Mapping[str, str]], say: Say) -> dict[str, tuple]:
    """Name → columns and rows of the CSV files; ``told`` has what a city's manifest tells of it."""
    result = province.result
    return {
        "ranking": (("period", "city", *RANKING[1:]), _with_city(ranking_rows(result, say))),
        "items": (("period", "city", *ITEMS[1:]), _with_city(item_rows(result, say))),
        "verdicts": (("period", "city", *VERDICTS[1:]), _with_city(verdict_rows(result))),
        "cities": (CITIES, _city_rows(province, told)),
    }


def _with_city(rows: Iterator[dict]) -> Iterator[dict]:
    for row in rows:
        yield row | {"city": city_of(row["unit_id"])}


def _city_rows(province: Province, told: Mapping[str, Mapping[str, str]]) -> Iterator[dict]:
    """Every city that has a folder: counted, or left out by name."""
    period = str(province.result.period)
    for city, standings in province.of_city.items():
        found = summary(province.result, standings)
        yield {
            "period": period,
            "city": city,
            "state": "counted",
            **{name: str(found[name]) for name in ("units", "ranked", "case_rows")},
            "mean_total": "" if found["mean"] == NOTHING else found["mean"],
            "best_rank": str(found["best"] or ""),
            "last_rank": str(found["last"] or ""),
            **told[city],
        }
    for city in province.left_out:
        yield dict.fromkeys(CITIES) | {"period": period, "city": city, "state": "left_out"}
