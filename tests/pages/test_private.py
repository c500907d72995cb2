"""Nothing private is published: what complainants wrote, numbers in free texts, names of evaluators and deciders."""

import csv

import pytest

from pipelines.contracts.declared import load_contracts
from pipelines.exports.rows import texts_of
from pipelines.sample.make import make_sample
from tests.pages.hostile import PERIOD, publish_twin

MOBILE, LANDLINE, IDENTITY = "13812345678", "0755-28888888", "110101199003071234"
NUMBERS = f"电话{MOBILE}、{LANDLINE}，证件{IDENTITY}"
COMPLAINT, PERSON = "楼上漏水三个月没人管", "欧阳某某"
WRITTEN = {  # free texts by table and column; numbers in all of them
    "cases": {"title": f"{COMPLAINT}，{NUMBERS}", "channel": f"电话来访{NUMBERS}"},
    "units": {"unit_name": f"办公室{NUMBERS}", "unit_group": f"部门{NUMBERS}"},
    "adjustments": {"reason": f"已向当事人核实，{NUMBERS}", "decided_by": PERSON + NUMBERS,
                    "ground": f"不服，{NUMBERS}", "evidence": PERSON + NUMBERS},
    "assessments": {"note": f"联系{NUMBERS}", "assessor": PERSON + NUMBERS},
    "awards": {"matter": f"感谢信{NUMBERS}"},
    "evaluations": {"reason": f"走访{NUMBERS}"},
    "evaluators": {"name": PERSON},
    "matters": {"matter_name": f"事项{NUMBERS}", "process": f"流程{NUMBERS}"},
    "knowledge": {"title": f"指引{NUMBERS}", "signed_off_by": PERSON + NUMBERS},
}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A quarter whose every free text holds private things, and a quarantine with some of them."""
    place = tmp_path_factory.mktemp("private")
    make_sample(place / "exports", PERIOD, units=6, cases=90, seed=5, dirt=4)
    for table, texts in WRITTEN.items():
        file = place / "exports" / f"{table}.csv"
        with file.open(encoding="utf-8-sig", newline="") as read:
            rows = list(csv.DictReader(read))
        known = set(load_contracts().tables[table].columns)
        assert rows and set(texts) <= known
        rows = [{**dict.fromkeys(texts, ""), **row} for row in rows]
        for number, row in enumerate(rows):
            row.update({name: f"{text}，{number}" if name == "unit_name" else text for name, text in texts.items()})
        with file.open("w", encoding="utf-8", newline="") as write:
            writer = csv.DictWriter(write, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return publish_twin(place / "exports", place / "out")


@pytest.mark.parametrize("private", [MOBILE, "28888888", IDENTITY, COMPLAINT, PERSON])
def test_nothing_private_is_in_any_published_file(published, private):
    files = [file for file in published.rglob("*") if file.is_file()]
    assert len(files) > 30
    assert [file.name for file in files if any(private in text for text in texts_of(file))] == []


def test_the_texts_themselves_are_published_where_they_belong_with_the_numbers_masked(published):
    cards = "".join(file.read_text(encoding="utf-8") for file in (published / "units").rglob("*.html"))
    assert "已向当事人核实，电话［手机号已隐去］、［电话号码已隐去］，证件［身份证号已隐去］" in cards
    assert any("［手机号已隐去］" in text for text in texts_of(published / "results.xlsx"))
