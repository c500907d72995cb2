"""The laboratory, the judge of record and the oracle come to the same places and lines on nasty quarters."""

from datetime import datetime
from fractions import Fraction
from random import Random
from shutil import copytree

import pytest

from pipelines import Quarter
from pipelines.assess import Request, Run
from pipelines.edges.published import keep_tallies
from pipelines.engines.vector import differences
from pipelines.laboratory.scenario import World
from pipelines.model.period import Period
from tests.laboratory.oracle_what_if import Asked, oracle_under
from tests.oracle.compare import FROZEN, item_differences, ledger_differences, ranking_differences
from tests.oracle.quarters import draw_readings, make_quarter
from tests.oracle.scorer import score
from tests.oracle.tables import write_folder


def kept(sample, folder) -> Quarter:
    """The quarter of a sample as the laboratory opens it, under the default readings, without a publication."""
    exports = write_folder(sample.tables, folder / "exports")
    cutoff = sample.cutoff and datetime.fromisoformat(sample.cutoff)
    with Run(Request(Period.parse(sample.period), exports, cutoff=cutoff, rules=FROZEN)) as run:
        assert not run.check()
        run.measure()
        keep_tallies(run.warehouse, run.tallies, run.rulebook.marks, FROZEN, folder / "run")
        world = World.open(folder / "run", run.period, run.cutoff)
        return Quarter(folder / "run", run.period, run.readings, False, world)


@pytest.fixture(scope="module")
def invented(tmp_path_factory):
    """Nasty quarters and the laboratory's view of them, by seed."""
    known = {}

    def one(seed: int):
        if seed not in known:
            sample = make_quarter(seed)
            known[seed] = sample, kept(sample, tmp_path_factory.mktemp(f"quarter{seed}"))
        return known[seed]

    return one


def test_what_only_looks_like_a_rule_file_is_not_kept(tmp_path):
    rules = copytree(FROZEN, tmp_path / "rules")
    (rules / "A3.1/old.yaml").mkdir()
    (rules / "A3.1/circle.yaml").symlink_to("circle.yaml")
    sample = make_quarter(4)
    exports = write_folder(sample.tables, tmp_path / "exports")
    with Run(Request(Period.parse(sample.period), exports, rules=rules)) as run:
        assert not run.check()
        run.measure()
        keep_tallies(run.warehouse, run.tallies, run.rulebook.marks, rules, tmp_path / "run")
    assert sorted(file.name for file in (tmp_path / "run/rulebook/A3.1").iterdir()) == [
        "late_reply.yaml", "late_signing.yaml",
    ]


@pytest.mark.parametrize("seed", [4, 17])
def test_every_scenario_of_readings_is_what_the_oracle_says(invented, seed):
    sample, quarter = invented(seed)
    for drawn in range(5):
        readings = draw_readings(100 * seed + drawn, changed=6)
        if readings.get("missing_assessment") == "stop":
            continue
        expected, scenario = score(sample.tables, sample.period, sample.cutoff, readings), quarter.what_if({}, readings)
        found = ranking_differences(expected, text(scenario.ranking), sample.period)
        found += item_differences(expected, text(scenario.items)) + ledger_differences(expected, text(scenario.ledger))
        assert not found, f"{readings}: {found[:10]}"


@pytest.mark.parametrize("seed", [4, 17, 30])
@pytest.mark.parametrize("drawn", range(6))
def test_values_rules_units_and_cases_changed_at_once_are_what_the_oracle_says(
    invented, monkeypatch, tmp_path, seed, drawn
):
    sample, quarter = invented(seed)
    rng = Random(1000 * seed + drawn)
    readings = {**draw_readings(rng.randrange(10**6), changed=rng.randint(0, 15)), "missing_assessment": "zero"}
    asked = draw_asked(rng, sample, quarter)
    expected = oracle_under(asked, sample, readings, monkeypatch)
    scenario = quarter.what_if(
        {name: str(float(value)) for name, value in asked.changes.items()}, readings, drop=asked.drop,
        add=repeated(asked.twice, quarter, tmp_path), exclude_units=asked.exclude_units,
        exclude_cases=asked.exclude_cases,
    )
    scores, _ = scenario.judged  # the engine of record
    assert differences(scores, scenario.scores) == []
    found = ranking_differences(expected, text(scenario.ranking), sample.period)
    found += item_differences(expected, text(scenario.items))
    if not asked.twice:  # whether a waiver meets a rule that the regulation does not have is nobody's to say
        found += ledger_differences(expected, text(scenario.ledger))
    assert not found, f"{asked} {readings}: {found[:10]}"


@pytest.mark.parametrize("table", ["instructions", "incidents"])
def test_an_excluded_case_takes_its_instructions_and_incidents_with_it(invented, monkeypatch, table):
    sample, quarter = invented(17)
    known, before = set(quarter.world.kept.known_cases()), quarter.world.cube.counts(quarter.readings)
    for case in sorted({row["case_id"] for row in sample.tables[table]} & known):
        scenario = quarter.what_if({}, exclude_cases=case)
        after = scenario.world.cube.counts(quarter.readings)
        names = ("instructions_due",) if table == "instructions" else ("refusal", "attitude")
        if any((after[name] < before[name]).any() for name in names):
            expected = oracle_under(Asked(exclude_cases=(case,)), sample, {}, monkeypatch)
            assert not item_differences(expected, text(scenario.items))
            return
    raise AssertionError(f"no case of the sample has {table} that count")


VALUES = {"target": ("80", "91.5", "100"), "each": ("1", "0.7", "3"), "deduct": ("0", "0.37", "2"),
          "award": ("0.25", "0.5", "3", "7.25")}


def draw_asked(rng: Random, sample, quarter) -> Asked:
    """Up to five values, two rules less, one more, a unit and some cases left out."""
    known = [name for name in quarter.changeable if not name.startswith("instruction_")]
    changes = {name: Fraction(rng.choice(VALUES[name.split(".")[1]])) for name in rng.sample(known, rng.randint(0, 5))}
    drop = tuple(rng.sample([*quarter.rulebook.rules], rng.randint(0, 2)))
    drop = tuple(id for id in drop if quarter.rulebook.rules[id].kind in ("occurrence", "award"))
    cases = sorted({row["case_id"] for name in ("cases", "instructions") for row in sample.tables[name]
                    if row["case_id"] in quarter.world.kept.known_cases()})
    units = [row["unit_id"] for row in sample.tables["units"]]
    return Asked(
        changes={name: value for name, value in changes.items() if name.split(".")[0] not in drop}, drop=drop,
        twice=rng.choice(["", "", *(id for id in ("late_signing", "late_reply") if id not in drop)]),
        exclude_units=tuple(rng.sample(units, rng.randint(0, 1))),
        exclude_cases=tuple(rng.sample(cases, min(len(cases), rng.randint(0, 4)))),
    )


def repeated(rule: str, quarter, folder) -> list:
    """The file of a rule that counts what another counts, at its usual half point."""
    if not rule:
        return []
    file = folder / "late_again.yaml"
    usual = (quarter.folder / "rulebook" / "A3.1" / f"{rule}.yaml").read_text(encoding="utf-8")
    file.write_text(usual.replace(f"rule: {rule}", "rule: late_again"), encoding="utf-8")
    return [file]


def text(frame) -> list[dict[str, str]]:
    """A frame's rows as the published file has them."""
    shown = frame.copy()
    for name in shown.select_dtypes("float"):
        shown[name] = shown[name].map("{:.2f}".format)
    return shown.astype(object).where(shown.notna(), "").map(str).to_dict("records")
