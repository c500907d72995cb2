"""What every page says about itself: period, cutoff, rules, what the exports lack; and the list of periods."""

from dataclasses import dataclass
from datetime import datetime

from pipelines.model.period import SPAN, Period
from pipelines.model.score import ScoredPeriod
from pipelines.model.words import Words
from pipelines.views.compared import city_figures, rates
from pipelines.views.figures import NOTHING, Say, known, listed, moment, named, speaking

# What every page says about itself: the period, the cutoff, the rules, what the exports did not hold.


SHELL = (
    "skip",
    "brand",
    "nav",
    "nav_ranking",
    "nav_bulletin",
    "nav_method",
    "nav_quality",
    "nav_libraries",
    "nav_periods",
    "other_language",
    "other_lang",
    "about",
)
HTML_LANG = {"zh": "zh-CN", "en": "en"}
SUFFIX = {"zh": "", "en": ".en"}  # of a page's name: index.html, index.en.html


def frame(result: ScoredPeriod, say: Say, lang: str = "zh") -> dict:
    """The facts around a page: ``period``, its ``kind`` and name, ``cutoff``, ``rules``, ``absent``, the shell."""
    period, rulebook, simulated = result.period, result.rulebook, result.intake.simulated
    say = speaking(say, period.kind)
    facts = {
        "period_name": named(period, lang),
        "cutoff": moment(result.cutoff, lang),
        "rules": rulebook.title.into(lang),
    }
    return {
        **shell(say, lang),
        **facts,
        "period": str(period),
        "kind": say(f"period.kind_{period.kind}").into(lang),
        "simulated": say("pages.simulated").into(lang) if simulated else "",
        "simulated_says": say("pages.simulated_says").into(lang) if simulated else "",
        "absent": absences(result, say, lang),
        "counted": say("site.counted", **facts).into(lang),
        "clauses": {id: one.cited or id for id, one in sorted(rulebook.clauses.items())},  # places of the method page
    }


def shell(say: Say, lang: str = "zh") -> dict:
    """What the shell around any page needs: language, suffix of its twins, words; ``say`` knows the period's kind."""
    return {"lang": lang, "html_lang": HTML_LANG[lang], "suffix": SUFFIX[lang], "words": words(say, SHELL, lang)}


def words(say: Say, names: tuple[str, ...], lang: str = "zh", topic: str = "site") -> dict[str, str]:
    """The fixed texts of a page, by name."""
    return {name: say(f"{topic}.{name}").into(lang) for name in names}


def absences(result: ScoredPeriod, say: Say, lang: str = "zh") -> list[str]:
    """A sentence for everything that the exports did not hold and the figures therefore lack."""
    intake, say = result.intake, speaking(say, result.period.kind)
    found = []
    if intake.source:
        found.append(say("pages.source", source=intake.source_title))
    if intake.absent_tables:
        names = listed((table_name(say, table, lang) for table in intake.absent_tables), lang)
        found.append(say("pages.absent_tables", tables=names))
    for table, columns in _by_table(intake.declared_absent).items():
        names = listed((column_name(say, column, lang) for column in columns), lang)
        found.append(say("pages.absent_columns", table=table_name(say, table, lang), columns=names))
    texts = [sentence.into(lang) for sentence in found]
    texts += [text for pair in intake.declared_absent if (text := known(say, f"pages.without_{pair[1]}", "", lang))]
    city = city_figures(result)
    empty = [rule for rule in rates(result.rulebook) if not city[rule.of]]
    texts += [say("pages.no_rate", rate=rule.title).into(lang) for rule in empty]
    return list(dict.fromkeys(texts))


def made_of(result: ScoredPeriod, say: Say, lang: str = "zh") -> str:
    """What the period's scores are made of; "" where it is counted itself."""
    how = result.rulebook.made_of(result.period)
    if how is None:
        return ""
    say = speaking(say, result.period.kind)
    names = [named(part, lang) for part, _ in result.parts]
    lacking = listed((named(part, lang) for part, found in result.parts if found is None), lang)
    missing = say(f"site.made_of_{how.missing}", parts=lacking) if lacking else Words("", "")
    facts = {"first": names[0], "last": names[-1], "n": len(names), "how": say(f"site.made_of_{how.by}")}
    said = say("site.made_of", **facts, missing=missing).into(lang)
    own = listed((item.title.into(lang) for item in result.rulebook.items.values() if item.only), lang)
    only = say("site.made_of_only", items=own).into(lang) if own else ""
    return (" " if lang == "en" and only else "").join(part for part in (said, only) if part)


def table_name(say: Say, table: str, lang: str = "zh") -> str:
    """The name of an export table."""
    return known(say, f"pages.table_{table}", table, lang)


def column_name(say: Say, column: str, lang: str = "zh") -> str:
    """The name of a column where one is written, else its canonical name."""
    return known(say, f"pages.column_{column}", column, lang)


def _by_table(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for table, column in pairs:
        tables.setdefault(table, []).append(column)
    return tables


# What a preview says otherwise than the run that is signed: before publication commendations are proposed (拟).


PROPOSED = frozenset(
    {
        "site.verdicts",
        "site.list_commend",
        "site.list_criticise",
        "bulletin.heading_verdicts",
        "scorecard.given_commend",
        "scorecard.given_criticise",
    }
)
PROPOSING = ("commend", "criticise")  # lists of verdicts


def proposing(say: Say) -> Say:
    """``say`` with the sentence ``<key>_proposed`` for every sentence that publication makes final."""

    def proposed(key: str, /, **facts: object) -> Words:
        return say(f"{key}_proposed" if key in PROPOSED else key, **facts)

    return proposed


# The list of periods and how each stands, in both languages on one page.


WORDS = (
    "periods_title",
    "periods_says",
    "periods_none",
    "col_period",
    "col_state",
    "col_pages",
    "col_cutoff",
    "moved_here",
    "nav_ranking",
    "nav_bulletin",
    "nav_method",
    "all_editions",
    "newer_run",
)


@dataclass(frozen=True)
class Listed:
    """A period on the list: the manifest of what readers get, its edition, the run's preview, whether it is newer."""

    period: str
    manifest: dict
    edition: str = ""  # in force, "" where nothing is published
    preview: str = ""  # the revision as which the run in force went to the units
    newer: bool = False  # a run that is not what is published


def periods(found: list[Listed], say: Say) -> dict:
    """The page: ``rows`` with ``period_name``, ``state``, the folder that links lead to, ``cutoff``, ``simulated``."""
    kinds = {Period.parse(one.period).kind for one in found}
    say = speaking(say, kinds.pop() if len(kinds) == 1 else SPAN)
    frame = {**shell(say), "period_name": "", "period": "", "simulated": ""}
    texts = {name: say(f"site.{name}") for name in WORDS}
    return {"frame": frame, "words": texts, "rows": [_row(one, say) for one in found]}


def _row(one: Listed, say: Say) -> dict:
    period = Period.parse(one.period)
    return {
        "period": one.period,
        "period_name": Words(named(period), one.period),
        "state": _state(one, say),
        "published": bool(one.edition),
        "folder": f"published/{one.period}/{one.edition}" if one.edition else one.period,
        "newer": one.newer,
        "cutoff": _cutoff(one.manifest),
        "simulated": say("pages.simulated") if one.manifest.get("simulated") else None,
    }


def _state(one: Listed, say: Say) -> Words:
    """Published, with the units as preview, or only computed."""
    if one.edition:
        return say("site.state_published", edition=one.edition)
    return say("site.state_preview", revision=one.preview) if one.preview else say("site.state_computed")


def _cutoff(manifest: dict) -> str:
    try:
        return moment(datetime.fromisoformat(str(manifest["cutoff"])))
    except (KeyError, ValueError):
        return NOTHING
