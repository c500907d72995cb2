"""`gongping calendar`: a year of working days from the notice as it is published; a slip is refused, never guessed."""

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from pipelines.edges import process
from pipelines.edges.calendar import known_year, read_notice
from pipelines.model.project import Project
from pipelines.model.words import UsageRefusal
from pipelines.paths import CALENDARS

NOTICES = {
    2023: """一、元旦：2022年12月31日至2023年1月2日放假调休，共3天。
二、春节：1月21日至27日放假调休，共7天。1月28日（星期六）、1月29日（星期日）上班。
三、清明节：4月5日放假，共1天。
四、劳动节：4月29日至5月3日放假调休，共5天。4月23日（星期日）、5月6日（星期六）上班。
五、端午节：6月22日至24日放假调休，共3天。6月25日（星期日）上班。
六、中秋节、国庆节：9月29日至10月6日放假调休，共8天。10月7日（星期六）、10月8日（星期日）上班。""",
    2024: """一、元旦：1月1日放假，与周末连休。
二、春节：2月10日至17日放假调休，共8天。2月4日（星期日）、2月18日（星期日）上班。鼓励各单位安排职工在除夕（2月9日）休息。
三、清明节：4月4日至6日放假调休，共3天。4月7日（星期日）上班。
四、劳动节：5月1日至5日放假调休，共5天。4月28日（星期日）、5月11日（星期六）上班。
五、端午节：6月10日放假，与周末连休。
六、中秋节：9月15日至17日放假调休，共3天。9月14日（星期六）上班。
七、国庆节：10月1日至7日放假调休，共7天。9月29日（星期日）、10月12日（星期六）上班。""",
    2026: """一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
节假日期间，各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作。""",
}


def ours(year: int) -> dict:
    return yaml.safe_load((CALENDARS / f"{year}.yaml").read_text(encoding="utf-8"))


def days(document: dict) -> list[list]:
    return [[day for month in document[name] for day in month] for name in ("days_off", "make_up_days")]


@pytest.mark.parametrize("year", NOTICES)
def test_a_notice_gives_the_year_that_comes_with_the_program(year):
    assert days(yaml.safe_load(read_notice(NOTICES[year], year).text())) == days(ours(year))


@pytest.mark.parametrize("year", [2015, 2020, 2026])
def test_the_library_gives_the_same(year):
    assert days(yaml.safe_load(known_year(year).text())) == days(ours(year))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("元旦：1月1日至3日放假调休，共4天。", "共 4 天"),
        ("元旦：1月1日（周五）放假1天。", "周五"),
        ("元旦：2月30日放假。", "2月30日"),
        ("国庆节：10月1日至7月放假。10月9日（周五）上班。", "2026-10-09"),
        ("国庆节：10月1日至30日放假。", "2026-10-30"),
        ("国庆节快乐。", "没有找到 2026 年"),
    ],
)
def test_a_slip_is_refused_with_its_sentence(text, said):
    with pytest.raises(UsageRefusal) as refusal:
        read_notice(text, 2026)
    assert said in refusal.value.words.zh


@pytest.fixture
def town(tmp_path, monkeypatch) -> Path:
    """A project whose calendars are its own."""
    (tmp_path / "calendars").mkdir()
    (tmp_path / "gongping.yaml").write_text("calendars: calendars\n", encoding="utf-8")
    (tmp_path / "notice.txt").write_bytes(NOTICES[2026].encode("gb18030"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    process.use(Project())


def test_the_file_goes_into_the_projects_calendars_and_is_not_written_over_unasked(town, call):
    file = town / "calendars" / "2026.yaml"
    assert call("calendar", "2026", "notice.txt")[0] == 0
    assert days(yaml.safe_load(file.read_text(encoding="utf-8"))) == days(ours(2026))
    assert call("calendar", "2026", "notice.txt")[0] == 0  # the same again is no change
    file.write_text("year: 2026\ndays_off: []\nmake_up_days: []\n", encoding="utf-8")
    code, _, said = call("calendar", "2026", "notice.txt")
    assert (code, "--replace" in said, "days_off: []" in file.read_text(encoding="utf-8")) == (2, True, True)
    assert call("calendar", "2026", "notice.txt", "--replace")[0] == 0
    assert days(yaml.safe_load(file.read_text(encoding="utf-8"))) == days(ours(2026))


def test_a_year_that_the_library_does_not_know_is_refused_with_the_way_out(town, call):
    code, _, said = call("calendar", "2090")
    assert (code, "通知" in said) == (2, True)
    assert not (town / "calendars" / "2090.yaml").exists()


def test_it_can_be_looked_at_first(town, call):
    code, printed, _ = call("calendar", "2026", "notice.txt", "--print")
    assert (code, days(yaml.safe_load(printed))) == (0, days(ours(2026)))
    assert not (town / "calendars" / "2026.yaml").exists()


def test_it_tells_its_days_as_json(town, call):
    asked = ("calendar", "2026", "notice.txt", "--json")
    looked, written = json.loads(call(*asked, "--print")[1]), json.loads(call(*asked)[1])
    expected = dict(zip(("days_off", "make_up_days"), days(ours(2026)), strict=True))
    for told in (looked, written):
        assert {name: [date.fromisoformat(day) for day in told[name]] for name in expected} == expected
    assert "file" not in looked and Path(written["file"]).samefile(town / "calendars/2026.yaml")
