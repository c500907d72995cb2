"""A province out of cities: delivered without cases, refused where it does not fit, every unit placed once."""

import csv
import json
import re
import shutil
import time
from collections import Counter
from fractions import Fraction
from resource import RUSAGE_CHILDREN, getrusage

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines import roll_up
from pipelines.edges.fingerprints import file_sha256, folder_sha256
from pipelines.edges.published import TALLIES
from pipelines.edges.tablefiles import write_csv
from pipelines.model.period import Period
from pipelines.model.words import ContractStop, JudgesDisagree, NotAllowed, UsageRefusal
from pipelines.paths import RULES
from pipelines.roll_up import Request, RollUp, deliver
from pipelines.views import province as pages
from tests.cli.conftest import PERIOD

Q3 = Period.parse(PERIOD)
CITY, OTHER = "泽湖市", "海门市"


def lines(file):
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def noted(city, name):
    """Write the sha256 of a changed file into its manifest, as an honest run would have."""
    file = city / PERIOD / "manifest.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    told["outputs"][name] = file_sha256(city / PERIOD / name)
    file.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def another(city, place, turn=1):
    """A city whose units had other numbers of rows: each the city's own times one to seven."""
    shutil.copytree(city, place)
    file = place / f"{PERIOD}{TALLIES}" / "cube.parquet"
    cube = pq.read_table(file)
    units = sorted(set(cube["unit_id"].to_pylist()))
    times = {unit: 1 + (7 * turn + 3 * k) % 7 for k, unit in enumerate(units)}
    n = [n * times[unit] for n, unit in zip(cube["n"].to_pylist(), cube["unit_id"].to_pylist(), strict=True)]
    column = cube.column_names.index("n")
    pq.write_table(cube.set_column(column, cube.schema.field("n"), [n]), file)
    table = lines(place / PERIOD / "ranking.csv")
    for line in table:
        line["case_rows"] = int(line["case_rows"]) * times.get(line["unit_id"], 1)
    write_csv(place / PERIOD / "ranking.csv", tuple(table[0]), table)
    noted(place, "ranking.csv")
    return place


@pytest.fixture(scope="module")
def cities(out, tmp_path_factory):
    """Two cities as they were delivered."""
    place = tmp_path_factory.mktemp("cities")
    deliver(Q3, out, place, CITY)
    another(place / CITY, place / OTHER)
    return place


@pytest.fixture(scope="module")
def ranked(cities, tmp_path_factory):
    """The province of both, with pages of seven units."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "PORTION", 7)
        with RollUp(Request(Q3, cities, out=tmp_path_factory.mktemp("province"))) as done:
            return done.run()


@pytest.fixture
def copied(cities, tmp_path):
    return shutil.copytree(cities, tmp_path / "cities")


def test_what_a_city_delivers_holds_no_case(out, exports, cities):
    numbers = {line["case_id"] for line in lines(exports / "cases.csv")}
    assert len(numbers) > 100
    delivered = [file for file in (cities / CITY).rglob("*") if file.is_file()]
    assert not [file for file in delivered if file.name.startswith("rows_")]
    for file in delivered:
        if file.suffix == ".parquet":
            values = {str(one) for column in pq.read_table(file).to_pydict().values() for one in column}
        else:
            values = set(re.findall(r"[\w-]+", file.read_text(encoding="utf-8")))
        assert not values & numbers, file
    with pytest.raises(NotAllowed, match="already"):
        deliver(Q3, out, cities, CITY)


def test_every_unit_of_every_city_has_one_line(cities, ranked):
    table = lines(ranked.folder / "ranking.csv")
    own = Counter((city, f"{city}/{line['unit_id']}") for city in (CITY, OTHER)
                  for line in lines(cities / city / PERIOD / "ranking.csv"))
    assert Counter((line["city"], line["unit_id"]) for line in table) == own
    told = {line["city"]: line for line in lines(ranked.folder / "cities.csv")}
    assert {city: int(line["units"]) for city, line in told.items()} == Counter(city for city, _ in own)
    assert sum(int(line["case_rows"]) for line in told.values()) == sum(int(line["case_rows"]) for line in table)


def test_a_city_that_kept_the_provinces_rules_has_its_own_figures_again(cities, ranked):
    of_province = {line["unit_id"]: line for line in lines(ranked.folder / "ranking.csv")}
    for line in lines(cities / CITY / PERIOD / "ranking.csv"):
        found = of_province[f"{CITY}/{line['unit_id']}"]
        names = ("base", "bonus", "total", "case_rows", "unit_group")
        assert {name: found[name] for name in names} == {name: line[name] for name in names}


def test_places_are_those_of_all_cities_together(ranked):
    table = [line for line in lines(ranked.folder / "ranking.csv") if line["rank"]]
    totals = [Fraction(line["total"]) for line in table]
    assert {line["city"] for line in table} == {CITY, OTHER}
    for line in table:
        assert int(line["rank"]) == 1 + sum(other > Fraction(line["total"]) for other in totals)
        group = [Fraction(one["total"]) for one in table if one["unit_group"] == line["unit_group"]]
        assert int(line["group_rank"]) == 1 + sum(other > Fraction(line["total"]) for other in group)


def test_the_same_deliveries_give_the_same_bytes(cities, ranked, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "PORTION", 7)
    with RollUp(Request(Q3, cities, out=tmp_path)) as again:
        again.run()
    files = folder_sha256(again.folder)
    assert files == folder_sha256(ranked.folder)
    told = json.loads((again.folder / "manifest.json").read_text(encoding="utf-8"))
    assert told["outputs"] == {name: sha for name, sha in files.items() if name != "manifest.json"}


def test_pages_lead_to_each_other_and_show_every_unit(ranked):
    folder, units = ranked.folder, {line["unit_id"] for line in lines(ranked.folder / "ranking.csv")}
    for page in folder.rglob("*.html"):
        for address in re.findall(r'href="([^"#]+)"', page.read_text(encoding="utf-8")):
            assert (page.parent / address.replace("%25", "%")).is_file() or _decoded(page, address), (page, address)
    for suffix in ("", ".en"):
        shown = Counter()
        for page in folder.glob("places/*.html"):
            if page.name.count(".") == 1 + bool(suffix):
                found = re.findall(r'data-find="([^"]+)"', page.read_text(encoding="utf-8"))
                assert len(found) <= 7
                shown.update(one.split()[0] for one in found)
        assert shown == Counter(units)
        index = (folder / f"index{suffix}.html").read_text(encoding="utf-8")
        assert all(unit in index for unit in units)


def test_a_province_without_a_name_is_not_called_by_its_rulebook(ranked):
    for file, head in (("index.html", "2026年第三季度全省排名"), ("index.en.html", "All cities, quarter 3 of 2026")):
        assert f"<h1>{head}</h1>" in (ranked.folder / file).read_text(encoding="utf-8")


def _decoded(page, address):
    from urllib.parse import unquote

    return (page.parent / unquote(address)).is_file()


def test_the_second_judge_stops_a_province_too(cities, tmp_path, monkeypatch):
    settle = roll_up.settle

    def wrong(*facts):
        scores, entries, fired = settle(*facts)
        first = next(iter(scores.values()))
        item = next(iter(first.items.values()))
        object.__setattr__(item, "score", item.score + 1)
        return scores, entries, fired

    monkeypatch.setattr(roll_up, "settle", wrong)
    with RollUp(Request(Q3, cities, out=tmp_path)) as run, pytest.raises(JudgesDisagree):
        run.run()
    assert not [*tmp_path.iterdir()]


def test_a_city_is_left_out_by_name_alone_and_accounted_for(cities, tmp_path):
    with RollUp(Request(Q3, cities, out=tmp_path, without=(OTHER,))) as run:
        run.run()
    states = {line["city"]: (line["state"], line["units"]) for line in lines(run.folder / "cities.csv")}
    assert states[CITY][0] == "counted" and states[OTHER] == ("left_out", "")
    assert OTHER in (run.folder / "index.html").read_text(encoding="utf-8")
    with pytest.raises(UsageRefusal, match=OTHER), RollUp(Request(Q3, cities, without=("海州市",))) as run:
        run.read()


def changed(city, **facts):
    file = city / PERIOD / "manifest.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(told | facts, ensure_ascii=False), encoding="utf-8")


def layout(city, change):
    file = city / f"{PERIOD}{TALLIES}" / "layout.json"
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")


def more_rows(city):
    file = city / f"{PERIOD}{TALLIES}" / "cube.parquet"
    cube = pq.read_table(file)
    n = pc.add(cube["n"], pc.cast(pc.equal(cube["counts"], "case_rows"), "int64"))
    pq.write_table(cube.set_column(cube.column_names.index("n"), cube.schema.field("n"), n), file)


def other_rules(city, name, **words):
    """A rulebook of the city's own in which words of a file are others."""
    changed(city, rulebook={"edition": "own", "sha256": "0" * 64})
    file = city / PERIOD / "rulebook" / name
    text = file.read_text(encoding="utf-8")
    for old, new in words.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def lacking(city):
    file = city / f"{PERIOD}{TALLIES}" / "absent.parquet"
    schema = pq.read_schema(file)
    pq.write_table(schema.empty_table().from_pydict({"name": ["cases.replied_at"]}, schema=schema), file)


@pytest.mark.parametrize(("do", "says"), [
    (lambda city: shutil.rmtree(city / PERIOD), ("manifest.json", "--deliver")),
    (lambda city: changed(city, period="2026Q2"), ("manifest.json", "2026Q2")),
    (lambda city: changed(city, cutoff="2026-10-12T00:00:00"), ("2026-10-12", "--cutoff")),
    (lambda city: changed(city, cutoff="2026-10-01T00:00:01"), ("2026-10-01 00:00:01", "--cutoff")),
    (lambda city: (city / PERIOD / "ranking.csv").write_text("unit_id\n"), ("ranking.csv",)),
    (lambda city: (city / PERIOD / "manifest.json").write_text("{}"), ("manifest.json",)),
    (lambda city: shutil.rmtree(city / f"{PERIOD}{TALLIES}"), (TALLIES, "--deliver")),
    (lambda city: (city / f"{PERIOD}{TALLIES}" / "cube.parquet").write_bytes(b"PAR1"), ("cube.parquet",)),
    (lambda city: layout(city, lambda text: text.replace("dispatched_at", "received_at", 1)), ("layout.json",)),
    (more_rows, (TALLIES, "case rows")),
    (lambda city: other_rules(city, "rulebook.yaml", **{"working_days: 2": "working_days: 3"}), ("evaluation",)),
    (lacking, ("absent.parquet", "late_reply")),
])
def test_a_city_that_does_not_fit_is_refused_and_nothing_is_written(copied, tmp_path, do, says):
    do(copied / OTHER)
    with RollUp(Request(Q3, copied, out=tmp_path / "out")) as run, pytest.raises(ContractStop) as stop:
        run.run()
    said = stop.value.words.en
    assert said.startswith(f"{OTHER}: ") and f"{CITY}: " not in said and "--without" in said
    assert all(word in said for word in says), said
    assert not (tmp_path / "out").exists()


def test_other_points_are_no_reason_to_refuse_a_city(copied, tmp_path):
    dearer = {"0.5": "0.4", "-1.5": "-1.2", "40": "50", "41": "51"}
    other_rules(copied / OTHER, "A3.1/late_reply.yaml", **dearer)
    with RollUp(Request(Q3, copied, out=tmp_path)) as run:
        run.read()
    assert len(run.cities) == 2


def test_a_file_among_the_cities_is_refused(copied):
    (copied / "notes.txt").touch()
    with RollUp(Request(Q3, copied)) as run, pytest.raises(UsageRefusal, match="notes.txt"):
        run.read()


def test_the_verb_delivers_and_ranks(out, tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gongping.yaml").write_text(f"name: {CITY}\nout: {out}\n", encoding="utf-8")
    code, said, wrong = call("roll-up", PERIOD, "--deliver", "all")
    assert code == 0 and "all" in said, wrong
    (tmp_path / "gongping.yaml").write_text("name: 江北省\n", encoding="utf-8")
    code, said, wrong = call("roll-up", PERIOD, "--cities", "all")
    assert code == 0 and "1 个城市" in said and "roll-up" in said, wrong
    code, said, _ = call("roll-up", PERIOD, "--cities", "all", "--json")
    told = json.loads(said)
    assert told["units"] == 12 and [one["city"] for one in told["cities"]] == [CITY]
    assert call("roll-up", PERIOD)[0] == 2
    (tmp_path / "gongping.yaml").write_text(f"out: {out}\n", encoding="utf-8")
    code, _, wrong = call("--lang", "en", "roll-up", PERIOD, "--deliver", "more")
    assert code == 2 and "gongping.yaml" in wrong


@pytest.mark.slow
def test_a_province_of_200_cities_and_20_000_units_takes_a_minute(tmp_path):
    """The whole of it on two cores, told by processor time, which bears a busy machine better than the clock.

    What processes of their own take counts half. The pages are of a size that a browser opens.
    """
    from pipelines.assess import Request as OfCity
    from pipelines.assess import Run
    from pipelines.sample.make import make_sample
    from tests.publication.office import Checked

    make_sample(tmp_path / "in", Q3, 100, 20_000, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.assess.start_quality", lambda *facts: Checked(facts[-1]))
        with Run(OfCity(Q3, tmp_path / "in", tmp_path / "out", pdf=False)) as run:
            run.run()
    place = tmp_path / "cities"
    first = deliver(Q3, tmp_path / "out", place, "1市").parent
    for number in range(2, 201):
        another(first, place / f"{number}市", number)
    begun, used, beside = time.monotonic(), time.process_time(), getrusage(RUSAGE_CHILDREN).ru_utime
    with RollUp(Request(Q3, place, RULES / "standard", tmp_path / "province")) as run:
        run.run()
    took, used = time.monotonic() - begun, time.process_time() - used
    used += (getrusage(RUSAGE_CHILDREN).ru_utime - beside) / 2
    sizes = [file.stat().st_size for file in run.folder.rglob("*.html")]
    print(f"\n{len(run.standings):,} units: {took:.1f} s, {used:.1f} s of two cores; "
          f"{len(sizes)} pages, the largest {max(sizes) / 1e6:.1f} MB")
    assert len(run.standings) == 20_000
    assert max(sizes) < 3e6
    assert used <= 60
