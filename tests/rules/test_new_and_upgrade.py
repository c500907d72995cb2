"""A new book loads, with each rule that it offers too; a book in older words is written anew and stays itself."""

import re
import shutil
import tarfile
from dataclasses import replace
from datetime import date

import pytest
import yaml

from pipelines.model.words import NotAllowed, UsageRefusal
from pipelines.paths import ROOT
from pipelines.rulebook.check import check
from pipelines.rulebook.load import load_rulebook
from pipelines.rulebook.new import write_new
from pipelines.rulebook.upgrade import upgrade
from tests.cli.conftest import gongping
from tests.examples.counted import scored
from tests.rules.book import TODAY

SINCE = date(2026, 1, 1)
SECTIONS = ("B1 办理质效 | Handling", "C 加分 | Bonus")
ITEMS = ("B1.1 20 按时办结 | In time", 'B1.2 12.5 群众"满意"', "C1 0 加分项")


@pytest.fixture
def new(tmp_path):
    folder = tmp_path / "城市 1"
    write_new(folder, "某市考核 | A city", "month", SINCE, SECTIONS, ITEMS)
    return folder


def test_a_new_book_loads_with_what_it_was_given(new):
    book = load_rulebook(new, SINCE)
    assert {id: item.full_marks for id, item in book.items.items()} == {"B1.1": 20, "B1.2": 12.5, "C1": 0}
    assert (book.title.zh, book.title.en, book.periods.kind) == ("某市考核", "A city", "month")
    assert (book.items["B1.1"].title.en, book.items["B1.2"].title.zh) == ("In time", "群众'满意'")
    refusals, notes = check(new, SINCE)
    assert refusals == [] and [note.en for note in notes] == [
        "measures/late.yaml: no rule, no verdict and no ranking looks at the measure late.",
    ]


def test_its_files_name_schemas_that_lie_in_it(new):
    for file in new.rglob("*.yaml"):
        named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text(encoding="utf-8"))[1]
        assert (file.parent / named).resolve().is_relative_to(new) and (file.parent / named).is_file()


@pytest.mark.parametrize("kind", range(4))
def test_every_rule_that_it_offers_loads_in_the_place_of_the_first(new, kind):
    file = new / "B1.1" / "assessed_B1_1.yaml"
    offered = file.read_text(encoding="utf-8").split("\n# --- ")[1:]
    assert len(offered) == 4
    lines = offered[kind].splitlines()[1:]
    file.write_text("\n".join(line.removeprefix("# ") for line in lines if line), encoding="utf-8")
    assert check(new, SINCE)[0] == []
    scores, _, _ = scored(load_rulebook(new, SINCE), "2026-01", {"U1": {"due": 10, "in_time": 9, "late": 1}})
    assert str(float(scores["U1"].items["B1.1"].score)) == ["19.5", "19.5", "18.0", "0.0"][kind]


def test_the_commented_blocks_of_the_book_load_too(new):
    book = (new / "rulebook.yaml").read_text(encoding="utf-8")
    for key in ("grades", "sheets"):
        book = re.sub(rf"(?ms)^# {key}:\n(# .*?\n)(?!#   )", lambda m: re.sub("(?m)^# ", "", m[0]), book)
    book = book.replace("rank: {", "rank: {all_by: share, ")
    (new / "rulebook.yaml").write_text(book, encoding="utf-8")
    for name in ("readings.yaml", "verdicts.yaml"):
        text = (new / name).read_text(encoding="utf-8")
        block = "".join(line.removeprefix("# ") + "\n" for line in text.splitlines() if re.match(r"# (- |  )", line))
        (new / name).write_text(re.sub(r"(?m)^  short: .*\n", "", block), encoding="utf-8")
    rule = (new / "B1.1" / "assessed_B1_1.yaml").read_text(encoding="utf-8").split("\n# --- ")[2]
    rule = rule.replace("mode: pro_rata", "mode: {reading: shortfall}").replace("points: -0.1}", "points: -0.1}")
    rule = "\n".join(line.removeprefix("# ") for line in rule.splitlines()[1:])
    (new / "B1.1" / "assessed_B1_1.yaml").write_text(rule, encoding="utf-8")
    assert [one.words.en for one in check(new, SINCE)[0]] == []
    loaded = load_rulebook(new, SINCE)
    assert [one.id for one in loaded.grades] == ["excellent", "pass"] and "县区" in loaded.sheets
    assert list(loaded.readings) == ["shortfall"] and [one.id for one in loaded.verdicts] == ["first"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"period": "monthly"}, "nearest known name is month"),
        ({"sections": ["B1"]}, "is no section"),
        ({"sections": ["B1 x", "B1 y"]}, "no section twice"),
        ({"items": ["B1.1 按时办结"]}, "is no item"),
        ({"items": ["B1.1 20.005 x"]}, "is no item"),
        ({"items": ["B1.1 1001 x"]}, "is no item"),
        ({"items": ["b1.1 20 x"]}, "is no item"),
        ({"items": ["B1.1 0 x"]}, "at least one"),
        ({"items": ["D2.1 20 x"]}, "belongs to no section"),
        ({"items": ["B1.1 20 x", "B1.1 20 y"]}, "twice"),
        ({"items": ["B1.1 20 x", "C1 0 y", "C2 0 y"], "sections": ["B1 x", "C x"]}, "two bonus items"),
    ],
)
def test_what_makes_no_book_is_refused_and_nothing_is_written(given, says, tmp_path):
    facts = {"title": "t", "period": "month", "since": SINCE, "sections": SECTIONS, "items": ITEMS} | given
    with pytest.raises(UsageRefusal) as caught:
        write_new(tmp_path / "book", **facts)
    assert says in caught.value.words.en and not (tmp_path / "book").exists()


def test_a_folder_with_something_in_it_is_left_alone(new):
    before = sorted(new.rglob("*"))
    with pytest.raises(NotAllowed):
        write_new(new, "t", "month", SINCE, SECTIONS, ITEMS)
    assert sorted(new.rglob("*")) == before


def test_the_verb_writes_a_book_and_asks_nobody_where_nobody_is(tmp_path):
    folder = tmp_path / "book"
    given = ("--title", "甲市", "--period", "quarter", "--from", "2026-01-01", "--section", "B1 办理")
    done = gongping("rulebook", "new", str(folder), *given, "--item", "B1.1 20 x")
    assert done.returncode == 0 and "gongping rulebook check" in done.stdout
    assert gongping("rulebook", "check", str(folder), "--on", "2026-01-01").returncode == 0
    lacks = gongping("rulebook", "new", str(tmp_path / "other"), "--title", "x", "--lang", "en")
    assert lacks.returncode == 2 and "Nobody is there to ask" in lacks.stderr


# Books in older words.


@pytest.fixture
def old(tmp_path):
    """The rulebook of a quarter that was published before measures were declared."""
    with tarfile.open(ROOT / "tests" / "old" / "publication.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return next(tmp_path.rglob("published/*/*/rulebook"))


def test_an_old_book_is_written_anew_and_scores_the_same(old):
    before = load_rulebook(old, date(2026, 4, 1))
    comment = "# The score sheet (A1 to A4)"
    assert (old / "rulebook.yaml").read_text(encoding="utf-8").startswith(comment) and before.format == 1
    changes = upgrade(old, date(2026, 4, 1))
    after = load_rulebook(old, date(2026, 4, 1))
    assert after.format == 2 and list(after.rules) == list(before.rules) and list(after.measures) != []
    assert (old / "rulebook.yaml").read_text(encoding="utf-8").startswith(comment)
    counts = {f"U{n}": {id: (n * 7 + k * 5) % 23 for k, id in enumerate(before.measures)} for n in range(30)}
    wholes = {"completed": "due", "satisfied": "rated"}
    wholes |= dict.fromkeys(("instructions_closed", "instructions_implemented"), "instructions_due")
    for given in counts.values():
        given |= {part: min(given[part], given[of]) for part, of in wholes.items()}
    first, second = (scored_under_defaults(book, counts) for book in (before, after))
    assert first == second and len({one[0] for one in first}) > 5
    said = "\n".join(f"{file} {words.en}" for file, words in changes)
    for words in ("rulebook.yaml says format: 2", "says quality: true", "declares the measure late_reply",
                  "A3.1/late_reply.yaml per: occurrence is now period", "mode: {reading: shortfall}"):
        assert words in said
    assert upgrade(old, date(2026, 4, 1)) == [] and check(old, date(2026, 4, 1)) == ([], [])


def scored_under_defaults(book, counts):
    from pipelines.model.tally import Unit, UnitTally
    from pipelines.stages.judge import Judge
    from pipelines.stages.settle import Settler

    readings = {id: reading.default for id, reading in book.readings.items()}
    months = ("2026-04", "2026-05", "2026-06")
    judge, settler = Judge(book, readings, months), Settler(book, readings)
    found = []
    for id, given in counts.items():
        by_month = {name: dict.fromkeys(months, n) for name, n in given.items()}
        tally = UnitTally(Unit(id, id, "district", True), 1, by_month, {}, {}, ())
        scores, entries, _ = settler.settle(tally, judge.judge(tally)[0])
        found.append((tuple(scores.items()), tuple((one.rule_id, one.points) for one in entries)))
    return found


def test_facts_in_hundredths_become_points(old):
    verdicts = (old / "verdicts.yaml").read_text(encoding="utf-8")
    more = """- verdict: well_above
  clause: A0.1
  list: commend
  title: {zh: 高分, en: High}
  says: {zh: "总分{total_hundredths}", en: "{total_hundredths}"}
  when:
    - {fact: total_hundredths, at_least: 9550}
    - {fact: bonus_hundredths, in: [100, 250]}
"""
    (old / "verdicts.yaml").write_text(verdicts + more, encoding="utf-8")
    before = load_rulebook(old, date(2026, 4, 1)).verdicts[-1]
    upgrade(old, date(2026, 4, 1))
    after = load_rulebook(old, date(2026, 4, 1)).verdicts[-1]
    written = yaml.safe_load((old / "verdicts.yaml").read_text(encoding="utf-8"))[-1]["when"]
    assert after == before and written == [{"fact": "total", "at_least": 95.5}, {"fact": "bonus", "in": [1, 2.5]}]


def test_a_book_that_would_say_something_else_is_left_as_it_was(old, monkeypatch):
    before = {file: file.read_bytes() for file in old.rglob("*") if file.is_file()}
    monkeypatch.setattr("pipelines.rulebook.upgrade._meaning", lambda book: replace(book))
    with pytest.raises(UsageRefusal):
        upgrade(old, date(2026, 4, 1))
    assert {file: file.read_bytes() for file in old.rglob("*") if file.is_file()} == before


def test_the_verb_prints_what_it_changed(old):
    done = gongping("rulebook", "upgrade", str(old), "--on", "2026-04-01", "--lang", "en")
    assert done.returncode == 0 and "format: 2" in done.stdout and "the same scores" in done.stdout
    again = gongping("rulebook", "upgrade", str(old), "--on", "2026-04-01", "--lang", "en")
    assert again.returncode == 0 and "no older words" in again.stdout


def test_a_book_that_does_not_load_is_not_written_anew(tmp_path):
    shutil.copytree(ROOT / "rules" / "standard", tmp_path / "book")
    (tmp_path / "book" / "A3.1" / "late_reply.yaml").write_text("rule: [", encoding="utf-8")
    with pytest.raises(UsageRefusal):
        upgrade(tmp_path / "book", TODAY)
