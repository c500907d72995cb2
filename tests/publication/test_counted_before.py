"""A case row that a published quarter counted is not deducted again; run, card and accounts say which and why."""

import csv
import json
import re
import shutil

import pyarrow
import pytest

from pipelines.cli import main
from pipelines.edges.published import counted_lists, keep_counted, list_of
from pipelines.model.period import Period
from pipelines.sample.make import make_sample
from tests.publication.office import LIN, WU, Checked, begin_signers, signers_of

pytestmark = pytest.mark.long

BEFORE, NOW = Period.parse("2026Q2"), Period.parse("2026Q3")
CASE, GONE = "LATE-77", "GONE-77"  # numbers without a day, so that only the published list knows where they belong


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A city whose second quarter is published, with the exports of the third."""
    home = tmp_path_factory.mktemp("again")
    make_sample(home / "before", BEFORE, 4, 80, 7)
    make_sample(home / "now", NOW, 4, 80, 8)
    cases = rows_of(home / "before" / "cases.csv")
    late = next(row for row in cases if row["reply_due_at"].startswith("2026-06"))
    late |= {"case_id": CASE, "role": "lead", "replied_at": "", "closed_at": "", "public_rating": "", "rated_at": ""}
    gone = next(row for row in cases if row["reply_due_at"].startswith("2026-05"))
    gone["case_id"] = GONE
    kept = {CASE, GONE, *(row["case_id"] for row in cases)}
    for table in ("extensions", "evaluations", "adjustments"):
        file = home / "before" / f"{table}.csv"
        rewrite(file, [row for row in rows_of(file) if row["case_id"] in kept], rows_of(file)[0])
    rewrite(home / "before" / "cases.csv", cases)
    rewrite(home / "now" / "cases.csv", [*rows_of(home / "now" / "cases.csv"), late])
    extended(home / "now", late)
    waived(home / "now", gone)
    return home


def rows_of(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def rewrite(file, rows, head=None):
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(head or rows[0]))
        table.writeheader()
        table.writerows(rows)


def extended(exports, case):
    """An extension into July, asked for in time and granted after the second quarter's cutoff."""
    rows = rows_of(exports / "extensions.csv")
    one = dict.fromkeys(rows[0], "") | {"extension_id": "X77", "case_id": CASE, "unit_id": case["unit_id"]}
    one |= {"requested_at": "2026-06-20 09:00:00", "decided_at": "2026-07-10 09:00:00", "decision": "approved"}
    rewrite(exports / "extensions.csv", [*rows, one | {"extended_until": "2026-07-25 17:00:00"}])


def waived(exports, case):
    """A decision on a case that the published quarter counted and this export does not hold."""
    rows = rows_of(exports / "adjustments.csv")
    one = dict.fromkeys(rows[0], "") | {"adjustment_id": "J77", "action": "exclude_case", "case_id": GONE}
    one |= {"unit_id": case["unit_id"], "decided_by": "复核组", "decided_on": "2026-08-03", "reason": "重复派单"}
    rewrite(exports / "adjustments.csv", [*rows, one])


@pytest.fixture
def call(capsys, monkeypatch, home, tmp_path):
    """Call the command on an output folder of the test's own; what it printed."""
    monkeypatch.setenv("GONGPING_LANG", "zh")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))

    def run(verb, period, *arguments):
        signers = () if verb == "run" else ("--signers", str(signers_of(tmp_path / "out")))
        with pytest.raises(SystemExit) as ended:
            main([verb, str(period), "--out", str(tmp_path / "out"), *signers, *arguments])
        said = capsys.readouterr()
        assert ended.value.code == 0, said
        return re.sub(r"\s+", "", said.out + said.err)

    return run


@pytest.fixture
def published(call, home, tmp_path):
    """The second quarter, published; its ledger."""
    call("run", BEFORE, "--exports", str(home / "before"), "--no-pdf")
    begin_signers(tmp_path / "out")
    call("preview", BEFORE, "--at", "2026-07-02")
    for person in (LIN, WU):
        by = ("--by", person.by, "--role", person.role, "--key", str(person.key))
        call("approve", BEFORE, *by, "--ticked", "all", "--at", "2026-07-10")
    call("publish", BEFORE, "--without-pdf", "--at", "2026-07-15")
    return rows_of(tmp_path / "out" / str(BEFORE) / "ledger.csv")


def deducted(ledger):
    """The rules that cost points for the late case."""
    return sorted(row["rule_id"] for row in ledger if row["case_id"] == CASE and float(row["points"]) < 0)


def test_a_case_extended_after_the_cutoff_is_deducted_in_one_quarter_alone(call, published, home, tmp_path):
    assert "late_reply" in deducted(published)

    said = call("run", NOW, "--exports", str(home / "now"), "--no-pdf")
    folder = tmp_path / "out" / str(NOW)
    assert deducted(rows_of(folder / "ledger.csv")) == []
    unit = next(row["unit_id"] for row in published if row["case_id"] == CASE)
    assert f"单位{unit}的诉求件{CASE}已在2026Q2计入，本考核期不再计" in said
    cards = {file.stem: file.read_text(encoding="utf-8") for file in (folder / "units").glob("*.html")}
    assert [name for name, card in cards.items() if CASE in card] == [unit]
    assert "此前已计入的诉求件" in cards[unit] and "2026年第二季度" in cards[unit].split(CASE)[1][:80]
    english = (folder / "units" / "en" / f"{unit}.html").read_text(encoding="utf-8")
    assert "Cases counted before" in english and CASE in english
    accounts = rows_of(folder / "accounts.csv")
    facts = {row["unit_id"]: (row["counted_before"], row["cases_counted_before"]) for row in accounts}
    assert facts.pop(unit) == ("1", f"{CASE}（2026Q2）") and set(facts.values()) == {("0", "")}

    call("run", NOW, "--exports", str(home / "now"), "--no-pdf", "--reading", "counted_before=again")
    assert "late_reply" in deducted(rows_of(folder / "ledger.csv"))
    again = rows_of(folder / "accounts.csv")
    assert {row["counted_before"] for row in again} == {"0"}
    assert sum_of(again, "scored") == sum_of(accounts, "scored") + 1
    pages = [file.read_text(encoding="utf-8") for file in (folder / "units").glob("*.html")]
    assert len(pages) == 4 and not any("此前已计入的诉求件" in page for page in pages)


def test_a_decision_on_a_case_of_a_published_quarter_is_left_out_and_not_rejected(call, published, home, tmp_path):
    said = call("run", NOW, "--exports", str(home / "now"), "--no-pdf")
    assert "属于其他考核期，本期略去：J77" in said
    assert not [row for row in rows_of(tmp_path / "out" / str(NOW) / "quarantine.csv") if "J77" in row["key"]]


def test_nothing_published_nothing_left_out(call, home, tmp_path):
    call("run", NOW, "--exports", str(home / "now"), "--no-pdf")
    folder = tmp_path / "out" / str(NOW)
    assert "late_reply" in deducted(rows_of(folder / "ledger.csv"))
    assert [row["key"] for row in rows_of(folder / "quarantine.csv") if "J77" in row["key"]] != []


def test_the_accounts_add_up_to_the_rows_that_were_read(call, published, home, tmp_path):
    """received = scored + other period + excluded + quarantined + left out + counted before, by unit and in all."""
    exports = shutil.copytree(home / "now", tmp_path / "dirty")
    cases = rows_of(exports / "cases.csv")
    cases[0]["dispatched_at"], cases[1]["unit_id"] = "昨天", "U999"
    rewrite(exports / "cases.csv", cases)
    call("run", NOW, "--exports", str(exports), "--no-pdf")
    folder = tmp_path / "out" / str(NOW)
    accounts = rows_of(folder / "accounts.csv")
    parts = ("scored", "other_period", "excluded", "quarantined", "left_out", "counted_before")
    assert all(int(row["received"]) == sum(int(row[name]) for name in parts) for row in accounts)
    assert all(0 <= int(row["pending"]) <= int(row["scored"]) for row in accounts)
    assert sum_of(accounts, "received") == len(cases)
    by_unit = {row["unit_id"]: int(row["quarantined"]) for row in accounts}
    assert by_unit[""] == 1 and by_unit[cases[0]["unit_id"]] == 1 and sum(by_unit.values()) == 2
    ranking = {row["unit_id"]: row["case_rows"] for row in rows_of(folder / "ranking.csv")}
    assert {row["unit_id"]: row["scored"] for row in accounts if row["unit_id"]} == ranking
    decided = rows_of(exports / "adjustments.csv")
    excluded = {(row["case_id"], row["unit_id"]) for row in decided if row["action"] == "exclude_case"}
    excluded &= {(row["case_id"], row["unit_id"]) for row in cases[2:]}
    assert sum_of(accounts, "excluded") == len(excluded)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert [one["period"] for one in manifest["counted_before"]] == [str(BEFORE)]


def sum_of(rows, column):
    return sum(int(row[column]) for row in rows)


def test_periods_that_ended_before_leave_rows_out_and_neither_the_same_nor_a_later_one(tmp_path):
    """So a correction of a published quarter counts its own rows, whatever was published since."""
    for name in ("2026Q1", "2026Q2", "2026Q3", "2026-06", "2026-07"):
        place = tmp_path / "published" / name
        place.mkdir(parents=True)
        (place / "index.json").write_text('{"editions": [{"folder": "1"}]}')
        keep_counted(tmp_path, name, "1", pyarrow.table({"case_id": [name], "unit_id": ["U1"]}))
    for period, before in (
        ("2026Q1", []),
        ("2026Q2", ["2026Q1"]),
        ("2026Q3", ["2026Q1", "2026-06", "2026Q2"]),
        ("2026-07", ["2026Q1", "2026-06", "2026Q2"]),
    ):
        lists, unknown = counted_lists(tmp_path, Period.parse(period))
        assert ({str(one.period) for one in lists}, unknown) == (set(before), ())
    list_of(tmp_path, "2026Q1", "1").unlink()
    lists, (unknown,) = counted_lists(tmp_path, Period.parse("2026Q2"))
    assert lists == () and "2026Q1" in unknown.en
