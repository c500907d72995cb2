"""Both cities from their own files to pages: what a scorecard says, and what is said to be absent."""

import csv

import pytest

from pipelines.assess import Request, Run
from pipelines.model.period import Period
from pipelines.stages.publish import publish
from tests.examples.test_cities import BALTIMORE, DATA, EXAMPLES, PINGSHAN

pytestmark = [
    pytest.mark.long,
    pytest.mark.real_data,
    pytest.mark.skipif(
        not (PINGSHAN.exists() and BALTIMORE.exists()), reason="the cities' files are not here: set GONGPING_REAL_DATA"
    ),
]


def published(city: str, period: str, out):
    """The folder of a city's finished quarter."""
    request = Request(Period.parse(period), DATA, out, source=EXAMPLES / city / "mapping.yaml", pdf=False)
    with Run(request) as run:
        for stage in ("ingest", "_validate", "measure", "judge", "settle", "rank"):
            getattr(run, stage)()
        run.write_misses()
        return publish(run.warehouse, run.result(), out, pdf=False).folder


def lines(folder, name: str) -> list[dict]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("city", "period"), [("pingshan", "2018Q4"), ("baltimore", "2018Q2")])
def test_a_city_is_scored_from_its_own_file_to_scorecards_and_ranking(tmp_path, city, period):
    folder = published(city, period, tmp_path)
    ranked = [line for line in lines(folder, "ranking") if line["rank"]]
    late = [line for line in lines(folder, "ledger") if line["rule_id"] == "late_reply"]
    assert ranked and late
    assert len(list((folder / "units").glob("*.html"))) == len(lines(folder, "ranking"))
    bulletin = (folder / "bulletin.html").read_text(encoding="utf-8")
    assert "满意率无法核查" in bulletin


def test_a_line_that_comes_from_a_flag_quotes_the_flag_and_no_moment(tmp_path):
    folder = published("pingshan", "2018Q4", tmp_path)
    details = {line["detail"] for line in lines(folder, "ledger") if line["rule_id"] == "late_reply"}
    assert details == {"逾期回复，扣0.5分：来源数据标为逾期回复"}
