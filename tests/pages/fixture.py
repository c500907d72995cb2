"""An invented quarter, scored by hand: six units, one of each kind that a page must show."""

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from pipelines.edges.warehouse import Warehouse
from pipelines.model.intake import Breach, Intake, Receipt, RowCount, Validation
from pipelines.model.measure import Measure, Moment
from pipelines.model.period import Period
from pipelines.model.points import points, shown
from pipelines.model.rule import Clause, Condition, Item, Ranking, Reading, Rule, Rulebook, Verdict
from pipelines.model.score import (
    Earlier,
    Fired,
    GivenVerdict,
    ItemScore,
    PlaceRange,
    Rereading,
    ScoredPeriod,
    Standing,
    UnitScore,
)
from pipelines.model.tally import Unit, UnitTally
from pipelines.model.words import Words
from pipelines.stages.settle import losses

PERIOD = Period.parse("2026Q3")
HOSTILE = "../<img src=x onerror=alert(1)>\u202e"
FORMULA = "=cmd|'/c calc'!A0"
TITLES = {
    "A1.1": "列入议程、专人分管", "A1.2": "联络员到位", "A1.3": "办公条件保障",
    "A2.1": "办理程序完整", "A2.2": "归口办理、责任到人", "A2.3": "人员熟悉业务",
    "A3.1": "及时签收与回复", "A3.2": "办结率与满意率", "A3.3": "办理态度", "A3.4": "领导批示件办理", "A4": "加分项",
}
FULL = {**dict.fromkeys(list(TITLES)[:6], 5), "A3.1": 20, "A3.2": 20, "A3.3": 20, "A3.4": 10, "A4": 0}
UNITS = (
    Unit("U001", "东湖区人民政府", "区县", True),
    Unit("U002", "西山区人民政府", "区县", True),
    Unit("U003", "市供水集团有限公司", "企业", True),
    Unit("U004", "市燃气集团有限公司", "企业", True),
    Unit("U005", "市档案馆", "部门", True),
    Unit(HOSTILE, FORMULA, "企业<b>", True),
)
# unit_id, item_id, rule_id, month, case_id, ref_id, points, adjustment_id, detail
LINES = (
    ("U001", "A3.1", "late_signing", "2026-07", "S2026070001", "", "-0.50", "",
     "应于 2026-07-02 17:00:00 前签收，2026-07-03 09:10:00 签收"),
    ("U001", "A3.1", "late_reply", "2026-08", "S2026080044", "", "0.00", "D-7",
     "应于 2026-08-12 17:00:00 前回复，至统计截止时间未回复"),
    ("U001", "A4", "city_leader_praise", "", "", "J-1", "2.00", "", "市领导批示肯定"),
    ("U002", "A3.2", "completion_rate", "2026-07", "", "", "-1.00", "", "7月办结率 93.00%（93/100），低于 95%"),
    ("U002", "A3.3", "attitude", "2026-09", "S2026090009", "T-3", "-0.50", "",
     "联系电话13812345678，证件110101199003071234，态度生硬"),
    ("U003", "A1.1", "leadership_attention", "", "", "", "-1.50", "", "定性评分 3.50 分"),
    *(("U003", "A3.1", "late_reply", "2026-09", f"S20260900{n:02d}", "", "-0.50", "", "逾期回复")
      for n in range(10, 55)),
    ("U003", "A3.1", "floor", "", "", "", "2.50", "", "扣完为止"),
    ("U004", "A3.2", "satisfaction_rate", "2026-08", "", "", "-2.33", "", "8月满意率 85.33%"),
    ("U004", "A3.2", "rounding", "", "", "", "-0.01", "", "四舍五入"),
    (HOSTILE, "A3.3", "refusal", "2026-07", "=1+1", "@x", "-0.50", "", "+拒签 <script>alert(1)</script>"),
)


MISSES = [
    ("U002", "A3.2", "completion_rate", "A3.2", "2026-07", "2026-07", f"S20260701{n:02d}", "",
     json.dumps({"due_at": f"2026-07-{n:02d} 17:00:00", "closed_at": None if n == 9 else "2026-08-03 09:00:00"}))
    for n in range(3, 10)
]


CLOSING = {
    "floor": {"item": "A3.1", "deducted": "22.50", "full": "20"}, "rounding": {"item": "A3.2", "deducted": "2.34"},
}


MOMENTS = ("sign_due_at", "signed_at", "due_at", "replied_at", "occurred_at")
QUOTED = {  # what the lines of the standard edition quote, for pages that are made by it
    **dict.fromkeys(MOMENTS, "2026-07-02 17:00:00"), "incident_type": "refused_to_sign",
    **dict.fromkeys(("n", "points", "deduct", "rate", "part", "of", "target", "short", "each", "score", "full"), "2"),
    "month": "2026-07",
}


def ledger_rows(lines=LINES) -> list[tuple]:
    """The rows of `ledger.entries` in its column order: the last of each line is all that its rule says."""
    ordered = sorted(lines, key=lambda line: line[:2])
    return [
        (f"2026Q3-{number:07d}", "2026Q3", unit, item, rule, item, month, case, ref, Decimal(value), decision,
         rule if rule in CLOSING else "",
         json.dumps({"text": detail, **QUOTED, **CLOSING.get(rule, {})}, ensure_ascii=False))
        for number, (unit, item, rule, month, case, ref, value, decision, detail) in enumerate(ordered, 1)
    ]


def warehouse(lines=LINES) -> Warehouse:
    """A warehouse with the two tables that publication reads."""
    made = Warehouse()
    made.connection.execute(
        "create table ledger.entries (entry_id varchar, period varchar, unit_id varchar, item_id varchar,"
        " rule_id varchar, clause varchar, month varchar, case_id varchar, ref_id varchar, points decimal(18, 2),"
        " adjustment_id varchar, sentence varchar, facts varchar)"
    )
    made.connection.executemany(f"insert into ledger.entries values ({', '.join('?' * 13)})", ledger_rows(lines))
    made.connection.execute(
        "create table ledger.misses (unit_id varchar, item_id varchar, rule_id varchar, clause varchar, month varchar,"
        " line varchar, case_id varchar, ref_id varchar, facts varchar)"
    )
    made.connection.executemany("insert into ledger.misses values (?, ?, ?, ?, ?, ?, ?, ?, ?)", MISSES)
    made.connection.execute(
        "create table accepted.adjustments (adjustment_id varchar, action varchar, unit_id varchar, case_id varchar,"
        " rule_id varchar, ref_id varchar, decided_by varchar, decided_on date, reason varchar, received_on date,"
        " answer_by date, ground varchar)"
    )
    made.connection.execute(
        "insert into accepted.adjustments values ('D-7', 'waive_deduction', 'U001', 'S2026080044', 'late_reply', null,"
        " '张三', '2026-10-08', '系统停机，已向 139-1234-5678 核实', '2026-10-05', '2026-10-07', '系统停机')"
    )
    return made


def result(simulated: bool = True, lines=LINES, units=UNITS) -> ScoredPeriod:
    """The scored quarter: scores are full marks plus the lines above."""
    scores = {unit.unit_id: _score(unit.unit_id, lines) for unit in units}
    return ScoredPeriod(
        period=PERIOD,
        cutoff=datetime(2026, 10, 1),
        rulebook=rulebook(),
        readings={"satisfied": "full_only", "bonus_cap": "3"},
        intake=_intake(simulated),
        validation=_validation(),
        tallies={unit.unit_id: _tally(unit) for unit in units},
        scores=scores,
        standings=_standings(units, scores),
        verdicts=(GivenVerdict(units[0].unit_id, "top_of_group", (("group_place", "1"),)),
                  GivenVerdict(units[2].unit_id, "exhausted_at_the_bottom", ())),
        trace=(Fired("U001", "judge", "late_signing", "2026-07", "late_signing=1"),),
        calendar_sha256="c" * 64,
        earlier=(Earlier(PERIOD.previous, {"U001": {"rank": "3"}, "U003": {"rank": "2"}}, ranking_sha256="d" * 64),),
    )


COUNTED = {"due": Words("到期办件", "due"), "completed": Words("已办结", "completed"),
           "rated": Words("已评价", "rated"), "satisfied": Words("满意", "satisfied")}
# What another reading makes of the five: by their places now, the place and the points then.
REREAD = {0: (4, "95.00", "93.00", "2.00"), 1: (1, "99.50", "99.50", "0.00"), 2: (2, "98.50", "98.50", "0.00"),
          3: (3, "97.66", "97.66", "0.00"), 4: (5, "78.50", "78.50", "0.00")}


def doubted(quarter: ScoredPeriod) -> dict:
    """Places that chance leaves open, and one other reading, of the quarter above."""
    placed = [standing for standing in quarter.standings if standing.rank]
    ranges = {s.unit_id: PlaceRange(s.rank, (1, 5), (max(s.rank - 1, 1), s.rank), "", s.rank) for s in placed}
    then = [[int(100 * points(REREAD[at][n])) for at in range(len(placed))] for n in (2, 3)]
    return {"place_ranges": ranges, "reread": reread(quarter, placed, {"with_basic": then})}


def reread(quarter: ScoredPeriod, placed: list[Standing], then: dict[str, list[list[int]]]) -> Rereading:
    """What base and bonus of the placed come to under other values of the reading `satisfied`, in hundredths."""
    scores = [quarter.scores[s.unit_id] for s in placed]
    now = [[int(100 * score.base) for score in scores], [int(100 * score.bonus) for score in scores]]
    items = [
        {"id": id, "full": full, "score": [0] * len(placed), "gone": {}, "lacks": {}, "alone": [],
         "points": {f"0.{n}": [[after - before, [at]]
                               for at, (before, after) in enumerate(zip(now[which], figures[which], strict=True))
                               if after != before]
                    for n, figures in enumerate(then.values(), 1)}}
        for which, (id, full) in enumerate((("A3.2", 10_000), ("A4", 0)))
    ]
    numbers = {"readings": [["satisfied", "full_only", *then]], "months": 3, "base": now[0], "bonus": now[1],
               "by": "total", "share": False, "rest": 0, "items": items}
    return Rereading(tuple(s.unit_id for s in placed), (("satisfied", tuple(then)),), numbers)


def _score(unit_id: str, lines) -> UnitScore:
    found = {item: points(0) for item in FULL}
    taken = {item: {} for item in FULL}
    for unit, item, rule, _, _, _, value, _, _ in lines:
        if unit == unit_id:
            found[item] += points(value)
            if rule != "floor":
                taken[item][rule] = taken[item].get(rule, Fraction(0)) - points(value)
    noted = {"A3.4": ("no_rows due",)}
    items = {i: ItemScore(i, Fraction(FULL[i]), FULL[i] + found[i], noted.get(i, ()),
                          losses(Fraction(FULL[i]), taken[i]) if FULL[i] else ()) for i in FULL}
    return UnitScore(unit_id, items, sum(s.score for i, s in items.items() if i != "A4"), items["A4"].score)


def _standings(units, scores) -> tuple[Standing, ...]:
    idle = {"U005"}
    ordered = sorted((u for u in units if u.unit_id not in idle), key=lambda u: (-scores[u.unit_id].total, u.unit_id))
    totals = [scores[u.unit_id].total for u in ordered]
    groups = {u.unit_group: [scores[v.unit_id].total for v in ordered if v.unit_group == u.unit_group] for u in units}
    ranked = [
        Standing(u.unit_id, 1 + sum(t > scores[u.unit_id].total for t in totals),
                 1 + sum(t > scores[u.unit_id].total for t in groups[u.unit_group]), 85, 100, 1234)
        for u in ordered
    ]
    return (*ranked, *(Standing(u.unit_id, None, None, 0, 0, 0, ("no_cases",)) for u in units if u.unit_id in idle))


def _tally(unit: Unit) -> UnitTally:
    rows = 0 if unit.unit_id == "U005" else 1234
    counted = {"due": 100, "completed": 93, "rated": 100, "satisfied": 85, "late_signing": 1} if rows else {}
    return UnitTally(unit, rows, {id: {"2026-07": counted.get(id, 0)} for id in MEASURES}, {}, {}, ())


def _intake(simulated: bool) -> Intake:
    return Intake(
        receipts=(Receipt("cases", "cases.csv", "csv", "utf-8", "a" * 64, 6174,
                          (Words("多出一列:备注", "extra column"),)),
                  Receipt("units", "units.csv", "csv", "gb18030", "b" * 64, 6)),
        breaches=(Breach("cases", "cases.csv", 12, "", "", "readable", '"坏行', Words("补上引号", "close the quote")),),
        broken={"cases": 1},
        absent_tables=("knowledge",),
        declared_absent=(("cases", "signed_at"),),
        source="mapping",
        source_title=Words("某市导出", "A city of ours"),
        source_sha256="e" * 64,
        simulated=simulated,
    )


def _validation() -> Validation:
    breach = Breach("cases", "cases.csv", 7, "S1·U001", "title", "closed_at_not_before_dispatched_at",
                    "=回电13912345678", Words("核对办结时间", "check closed_at"))
    rows = {"units": RowCount(6, 6, 0), "cases": RowCount(6174, 6172, 2), "knowledge": RowCount(0, 0, 0)}
    return Validation(rows, (breach,), (replace(breach, promise="known_matter", column="matter_id", value="M9"),))


KIND = {"completion_rate": "rate", "satisfaction_rate": "rate", "leadership_attention": "assessed",
        "city_leader_praise": "award"}
RATE = {"completion_rate": ("completed", "due"), "satisfaction_rate": ("satisfied", "rated")}
MEASURES = (
    "case_rows", "due", "completed", "rated", "satisfied", "late_signing", "late_reply", "attitude", "refusal",
    "instructions_due", "instructions_closed", "instructions_implemented",
)


def rulebook() -> Rulebook:
    """Enough of a rulebook for every kind of ledger line."""
    rules = {
        "late_signing": ("A3.1", "超期签收", "在签收时限前登录签收"),
        "late_reply": ("A3.1", "逾期回复", "在办理时限前回复；办不完的，到期前申请延期"),
        "completion_rate": ("A3.2", "办结率", "按月清理未办结件"),
        "satisfaction_rate": ("A3.2", "满意率", "回访不满意的诉求人"),
        "attitude": ("A3.3", "态度与服务", "对照投诉逐件整改"),
        "refusal": ("A3.3", "拒签或不办理", "对派发有异议的，先签收再申请改派"),
        "leadership_attention": ("A1.1", "领导重视", "主要领导定期研究"),
        "city_leader_praise": ("A4", "市领导批示肯定", "及时申报"),
    }
    return Rulebook(
        edition="toy",
        title=Words("考核评分办法", "Assessment"),
        clauses={item: Clause(item, Words(item, item)) for item in FULL},
        items={i: Item(i, Words(TITLES[i], i), Fraction(FULL[i]), i[:2], i[:2] == "A3") for i in FULL},
        rules={name: Rule(name, item, item, KIND.get(name, "occurrence"), Words(title, name), Words("{text}", "{text}"),
                          Words(remedy, ""), "", measure=name, part=RATE.get(name, ("", ""))[0],
                          of=RATE.get(name, ("", ""))[1], per="month" if name in RATE else "occurrence")
               for name, (item, title, remedy) in rules.items()},
        measures={id: Measure(id, COUNTED.get(id) or Words(rules.get(id, ("", id))[1], id), "case_rows", (),
                              Moment("due_at"), "", ("case_id",), None, (), "")
                  for id in MEASURES},
        readings={
            "satisfied": Reading("satisfied", "A3.2", Words("满意的认定", "satisfied"), ("with_basic", "full_only"),
                                 {"with_basic": Words("满意和基本满意", ""), "full_only": Words("只计满意", "")},
                                 Words("三档评价", "")),
            "bonus_cap": Reading("bonus_cap", "A4", Words("加分封顶", "cap"), ("none",), {"none": Words("不封顶", "")},
                                 Words("条文未设上限", ""), open_number=True),
        },
        verdicts=(
            Verdict("top_of_group", "A0.1", "commend", Words("同类第一", ""),
                    Words("同类单位第{group_place}名", ""),
                    (Condition("group_place", "equals", 1),)),
            Verdict("exhausted_at_the_bottom", "A0.1", "criticise", Words("末位且单项扣完", ""),
                    Words("列同类单位末位且有评分项扣完", ""), ()),
        ),
        evaluation={"working_days": 2, "reminder_after_hours": 24},
        sha256="f" * 64,
        ranking=Ranking(("satisfied", "rated")),
    )


def total_of(unit_id: str) -> str:
    """The total of a unit as pages show it."""
    return shown(result().scores[unit_id].total)
