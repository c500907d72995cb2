"""A city with its own words, from exports to pages: what it names differently is shown by its names, and counted."""

import csv
import re
from datetime import date
from functools import cache

import pytest

from pipelines.assess import Request, Run
from pipelines.contracts.declared import load_contracts, of_book
from pipelines.model.period import Period
from pipelines.rulebook.check import check
from pipelines.rulebook.load import load_rulebook

BOOK = """
format: 2
edition: reedbank
title: {zh: 苇岸县热线考核细则, en: Reedbank}
in_force: {from: 2026-01-01}
period: month
evaluation: {working_days: 2, reminder_after_hours: 24}
case_rows: {by: reply_due_at}
rank: {listed_by: {rate: [liked, asked]}}
columns: {cases: {stage: {zh: 整改阶段, type: enum, values: {found: 发现, again: 再犯}}}}
sections:
  - id: E
    title: {zh: 办理, en: Handling}
    items:
      - {id: E1, full_marks: 30, title: {zh: 准期, en: In time}}
      - {id: E2, full_marks: 30, title: {zh: 口碑, en: Liked}}
      - {id: E3, full_marks: 40, title: {zh: 整改, en: Mended}}
"""
MEASURES = {
    "due": "by: reply_due_at\nexamples: [{name: one, row: {role: lead}, counts: 1}]",
    "in_time": """among: due
where: {closed_at: {at_most: reply_due_at}}
examples:
  - {name: on it, row: {closed_at: 2026-05-20T18:00:00, reply_due_at: 2026-05-20T18:00:00}, counts: 1}
  - {name: after, row: {closed_at: 2026-05-20T18:00:01, reply_due_at: 2026-05-20T18:00:00}, counts: 0}""",
    "asked": """among: due
where: {public_rating: {given: true}}
examples:
  - {name: asked, row: {public_rating: satisfied}, counts: 1}
  - {name: not, row: {}, counts: 0}""",
    "liked": """among: asked
where: {public_rating: satisfied}
examples:
  - {name: liked, row: {public_rating: satisfied}, counts: 1}
  - {name: not, row: {public_rating: dissatisfied}, counts: 0}""",
    "faults": """by: reply_due_at
where: {stage: {given: true}}
quotes: [case_id]
examples:
  - {name: found, row: {stage: found}, counts: 1}
  - {name: none, row: {}, counts: 0}""",
}
RULES = {
    "E1/punctual": """part: in_time
of: due
target: 96
round_rate: 1
short: {each: 1, deduct: 0.75, mode: pro_rata}
says: {zh: "准期率 {rate}%", en: "{rate}%"}
examples:
  - {name: on it, given: {due: 100, in_time: 96}, points: 0}
  - {name: above, given: {due: 100, in_time: 97}, points: 0}
  - {name: below, given: {due: 100, in_time: 90}, points: -4.5}""",
    "E2/liking": """part: liked
of: asked
worth: full
says: {zh: "口碑率 {rate}%", en: "{rate}%"}
examples:
  - {name: all, given: {asked: 3, liked: 3}, points: 30}
  - {name: two thirds, given: {asked: 3, liked: 2}, points: 20}
  - {name: none, given: {asked: 3, liked: 0}, points: 0}""",
    "E3/faulty": """measure: faults
deduct: {by: stage, found: 0.3, again: 2}
says: {zh: "整改问题 {case_id}，扣{deduct}分", en: "{case_id}: {deduct}"}
examples:
  - {name: none, given: {faults: {found: 0}}, points: 0}
  - {name: found, given: {faults: {found: 1}}, points: -0.3}
  - {name: again, given: {faults: {again: 1}}, points: -2}
  - {name: both, given: {faults: {found: 1, again: 1}}, points: -2.3}""",
}
TITLES = {
    "due": "应办件",
    "in_time": "准期件",
    "asked": "已回访",
    "liked": "说好的",
    "faults": "整改问题",
    "punctual": "准期率",
    "liking": "口碑率",
    "faulty": "整改扣分",
}
CASES = (
    "case_id",
    "unit_id",
    "dispatched_at",
    "sign_due_at",
    "signed_at",
    "reply_due_at",
    "replied_at",
    "closed_at",
    "public_rating",
    "rated_at",
    "stage",
)


def written(folder, book: str = BOOK, rules=RULES, measures=MEASURES):
    """The folder of the city's book."""
    texts = {"rulebook": book}
    for id, text in measures.items():
        texts[f"measures/{id}"] = f"measure: {id}\ntitle: {{zh: {TITLES[id]}, en: {id}}}\ncounts: case_rows\n{text}\n"
    for name, text in rules.items():
        item, id = name.split("/")
        texts[name] = (
            f"rule: {id}\nclause: {item}\nitem: {item}\ntitle: {{zh: {TITLES[id]}, en: {id}}}\n{text}\n"
            "remedy: {zh: 改进, en: Mend}\n"
        )
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    items = re.findall(r"id: ([A-Z]\d)", book)
    (folder / "regulation.md").write_text(
        "".join(f"## {id}\n- zh: 条文\n- en: text\n" for id in items), encoding="utf-8"
    )
    return folder


def case(unit: str, n: int, late: bool, liked: bool, stage: str = "") -> dict[str, str]:
    sent, due = "2026-05-02 09:30:00", "2026-05-20 18:00:00"
    rating = "satisfied" if liked else "dissatisfied"
    closed = "2026-05-20 18:00:01" if late else due
    return dict(
        zip(CASES, (f"{unit}-{n}", unit, sent, due, sent, due, due, closed, rating, closed, stage), strict=True)
    )


def exported(folder, cases):
    folder.mkdir()
    units = [{"unit_id": unit, "unit_name": f"{unit}街道", "unit_group": "街道"} for unit in ("A", "B", "C", "D")]
    for name, rows in {"units": units, "cases": cases}.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A month of four units: A has 95 of 99 in time (95.96 %), B 9 of 10, C and D all."""
    home = tmp_path_factory.mktemp("reedbank")
    cases = [case("A", n, late=n < 4, liked=n % 2 == 0) for n in range(99)]
    cases += [
        case("B", n, late=n < 1, liked=True, stage=("found", "again", "again")[n] if n < 3 else "") for n in range(10)
    ]
    cases += [case(unit, n, late=False, liked=True) for unit in ("C", "D") for n in range(10)]
    return scored(home, written(home / "book"), cases)


def scored(home, book, cases):
    """The folder of a finished month."""
    with Run(
        Request(Period.parse("2026-05"), exported(home / "in", cases), home / "out", rules=book, pdf=False)
    ) as run:
        run.run()
    return home / "out" / "2026-05"


@cache
def text(file) -> str:
    found = re.sub(r"<(script|style)\b.*?</\1>", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


def score(city, unit: str, item: str) -> str:
    with (city / "items.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(row["score"] for row in csv.DictReader(file) if (row["unit_id"], row["item_id"]) == (unit, item))


def test_a_case_row_has_its_price_by_a_column_of_its_own(city):
    """0.3 and twice 2; the second opinion of the rows knows what a price asks."""
    assert score(city, "B", "E3") == "35.70"


def test_a_rate_that_is_rounded_to_its_target_is_short_nowhere(city):
    assert (score(city, "A", "E1"), score(city, "B", "E1")) == ("30.00", "25.50")
    assert "准期率未达目标的单位1个：B街道（90%）" in text(city / "bulletin.html")
    card = text(city / "units" / "A.html")
    assert "本月 96.00% (95/99, 达到目标)" in card and "95.96" not in card


def test_the_rate_that_lists_equals_is_called_as_the_city_calls_it(city):
    for page in ("index.html", "bulletin.html", "units/A.html"):
        assert "口碑率" in text(city / page) and "满意率" not in text(city / page), page
    assert "各单位口碑率与件数" in (city / "index.html").read_text(encoding="utf-8")


def test_the_clauses_of_its_score_sheet_are_no_evaluators(city):
    page = text(city / "method.html")
    assert "考核评分" in page and "专业评价员" not in page.split("本月未提供")[0]
    assert "按比例计，率先四舍五入到 1 位小数" in page


MARKS = """assessed: E1
says: {zh: "评{score}分", en: "{score}"}
examples:
  - {name: full, given: {E1: 30}, points: 0}
  - {name: less, given: {E1: 29.99}, points: -0.01}
  - {name: none, given: {E1: 0}, points: -30}"""


def test_a_book_of_assessed_marks_alone_is_scored_and_published(tmp_path):
    """No rate and no row is judged: chance moves nobody."""
    head = BOOK.split("rank:")[0]
    book = head + BOOK[BOOK.index("sections:") : BOOK.index("      - {id: E2")]
    folder = written(tmp_path / "book", book, {"E1/liking": MARKS}, {})
    cases = [case(unit, n, late=False, liked=True) for unit in "ABCD" for n in range(3)]
    page = text(scored(tmp_path, folder, cases) / "index.html")
    assert "A街道" in page and "满意率" not in page and "liked" not in page


@pytest.mark.parametrize("key", ["incident_types", "award_types"])
@pytest.mark.parametrize(
    "types", ["{a: {zh: 推诿, en: a}, b: {zh: 推诿, en: b}}", "{a: {zh: b, en: a}, b: {zh: 推诿, en: b}}"]
)
def test_a_word_that_two_types_share_is_read_as_an_id_alone(tmp_path, key, types):
    """A row would be of either, and its points of another rule; books that write ids go on as they did."""
    book = written(tmp_path, BOOK.replace("columns:", f"{key}: {types}\ncolumns:"))
    loaded = load_rulebook(book, Period.parse("2026-05"))
    table, column = {"incident_types": ("incidents", "incident_type"), "award_types": ("awards", "award_type")}[key]
    labels = dict(of_book(load_contracts(), loaded).tables[table].columns[column].labels)
    assert labels == {"a": (), "b": () if "推诿, en: a" in types else ("推诿",)}
    refusals, notes = check(book, date(2026, 5, 1))
    shared = "推诿" if labels["b"] == () else "b"
    assert not refusals and any(f"a、b 在导出中都写作“{shared}”" in note.zh for note in notes)
