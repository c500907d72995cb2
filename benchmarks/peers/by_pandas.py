"""The third quarter of 2026 scored by a pandas script, as an analyst would write it, under the default readings.

Reads accepted/*.parquet, writes ranking.csv and ledger.csv. Points are whole hundredths, so that they stay exact.
"""

import unicodedata

import numpy as np
import pandas as pd

START, END = pd.Timestamp("2026-07-01"), pd.Timestamp("2026-10-01")
CUTOFF = END
HOLIDAYS = ["2026-06-19", "2026-09-25", "2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"]
MADE_UP = ["2026-09-20", "2026-10-10"]
SATISFIED = ["satisfied", "basically_satisfied"]
ROW = ["case_id", "unit_id"]
FULL_MARKS = {"A3.1": 2000, "A3.2": 2000, "A3.3": 2000, "A3.4": 1000}
ASSESSED = {"A1.1": "leadership_attention", "A1.2": "liaison_officer", "A1.3": "office_facilities",
            "A2.1": "work_procedures", "A2.2": "responsible_persons", "A2.3": "staff_competence"}
AWARDS = {"public_praise": ("A4.1", 50), "city_leader_praise": ("A4.1", 200), "province_leader_praise": ("A4.1", 500),
          "suggestion_adopted": ("A4.2", 200), "city_media": ("A4.3", 100), "province_media": ("A4.3", 300),
          "briefing_praise": ("A4.4", 200)}
LEDGER = ["entry_id", "period", "unit_id", "item_id", "rule_id", "clause", "month", "case_id", "ref_id", "points",
          "adjustment_id", "detail"]
RANKING = ["period", "unit_id", "unit_name", "unit_group", "base", "bonus", "total", "rank", "group_rank", "case_rows",
           "note"]
CASES = ["case_id", "unit_id", "role", "sign_due_at", "signed_at", "reply_due_at", "replied_at", "closed_at",
         "public_rating", "rated_at"]


def read(table, columns=None):
    return pd.read_parquet(f"accepted/{table}.parquet", columns=columns)


def without(rows, excluded):
    """Rows whose case and unit are not among the excluded."""
    if excluded.empty:
        return rows
    return rows[~pd.MultiIndex.from_frame(rows[ROW]).isin(pd.MultiIndex.from_frame(excluded[ROW]))]


def second_working_day(days):
    """The second working day after each day."""
    days = days.to_numpy().astype("datetime64[D]")
    every = np.arange("2026-06-01", "2026-12-01", dtype="datetime64[D]")
    worked = np.is_busday(every, holidays=HOLIDAYS) | np.isin(every, np.array(MADE_UP, dtype="datetime64[D]"))
    working = every[worked]
    return working[np.searchsorted(working, days, side="right") + 1]


def final_ratings(adjustments, dissatisfied):
    """The rating by the last valid evaluation of each dissatisfied case row."""
    e = read("evaluations").merge(dissatisfied, on=ROW)
    e = without(e, adjustments[adjustments.action == "void_evaluation"])
    e = e[e.rating.notna() & e.reason.notna() & (e.rated_at < CUTOFF)]
    e = e[~(e.returned_at < e.rated_at) & ~(e.withdrawn_at < e.rated_at)]
    clock = e.reminded_at.fillna(e.assigned_at + pd.Timedelta(hours=24))
    e = e[e.rated_at.to_numpy().astype("datetime64[D]") <= second_working_day(clock)]
    v = read("evaluators", ["evaluator_id", "employer_unit_id", "appointed_on", "term_ends_on", "ended_on"])
    for day in ("appointed_on", "term_ends_on", "ended_on"):
        v[day] = pd.to_datetime(v[day])
    v["last_day"] = v[["term_ends_on", "ended_on"]].min(axis=1)
    e = e.merge(v, on="evaluator_id")
    day = e.assigned_at.dt.normalize()
    e = e[(day >= e.appointed_on) & (day <= e.last_day)]
    e = e[e.employer_unit_id.isna() | (e.employer_unit_id != e.unit_id)]
    return e.sort_values(["rated_at", "assignment_id"]).drop_duplicates(ROW, keep="last")[[*ROW, "rating"]]


def case_rows(adjustments):
    """Case rows due in the quarter, with lateness, waivers, completion and the final rating."""
    x = read("extensions")
    x = x[(x.decision == "approved") & ~(x.decided_at >= CUTOFF)]
    x = x.groupby(ROW, as_index=False).extended_until.max()
    c = without(read("cases", CASES), adjustments[adjustments.action == "exclude_case"])
    c = c.merge(x, on=ROW, how="left")
    c["due"] = c.reply_due_at.where(~(c.extended_until > c.reply_due_at), c.extended_until)
    c = c[(c.due >= START) & (c.due < END)]
    c["month"] = c.due.dt.month
    c["signed_late"] = (c.signed_at > c.sign_due_at) & (c.signed_at < CUTOFF) | (
        ~(c.signed_at < CUTOFF) & (c.sign_due_at < CUTOFF))
    c["replied_late"] = ~(c.replied_at < CUTOFF) | (c.replied_at > c.due)
    c["completed"] = c.closed_at < CUTOFF
    c["leads"] = c.role == "lead"
    rating = c.public_rating.mask(c.rated_at >= CUTOFF)
    bad = rating == "dissatisfied"
    final = c.loc[bad, ROW].merge(final_ratings(adjustments, c.loc[bad, ROW]), on=ROW, how="left").rating
    rating[bad] = final.fillna("dissatisfied").to_numpy()
    c["rated"], c["satisfied"] = rating.notna(), rating.isin(SATISFIED)
    return c


def late_lines(c, flag, rule, waivers):
    late = c.loc[c[flag], [*ROW, "month"]]
    w = waivers[waivers.case_id.notna() & waivers.ref_id.isna() & (waivers.rule_id.isna() | (waivers.rule_id == rule))]
    w = w.groupby(ROW, as_index=False).adjustment_id.min()
    late = late.merge(w, on=ROW, how="left")
    late["month"] = "2026-0" + late.month.astype(str)
    late["points"] = np.where(late.adjustment_id.isna(), -50, 0)
    return late.assign(item_id="A3.1", rule_id=rule, clause="A3.1")


def rate_lines(months, part, of, target, rule):
    short = target * months[of] - 100 * months[part]
    steps = (short // (2 * months[of].clip(lower=1))).where(months[of] > 0, 0)
    lines = months.assign(points=-100 * steps)[steps > 0].reset_index()
    return lines.assign(month="2026-0" + lines.month.astype(str), item_id="A3.2", rule_id=rule, clause="A3.2")


def incident_lines(adjustments, waivers):
    i = without(read("incidents"), adjustments[adjustments.action == "exclude_case"])
    i = i[i.verified & (i.incident_type != "not_cooperating") & (i.occurred_at >= START) & (i.occurred_at < END)]
    i["rule_id"] = np.where(i.incident_type.isin(["refused_to_sign", "not_handled"]), "refusal", "attitude")
    w = i.merge(waivers, on="unit_id", suffixes=("", "_waived"))
    for name in ("rule_id", "case_id"):
        w = w[w[f"{name}_waived"].isna() | (w[f"{name}_waived"] == w[name])]
    w = w[w.ref_id.isna() | (w.ref_id == w.incident_id)]
    i = i.merge(w.groupby("incident_id", as_index=False).adjustment_id.min(), on="incident_id", how="left")
    i["points"] = np.where(i.adjustment_id.isna(), -50, 0)
    i["month"] = i.occurred_at.dt.strftime("%Y-%m")
    return i.assign(item_id="A3.3", clause="A3.3", ref_id=i.incident_id)


def instruction_lines(adjustments):
    p = without(read("instructions"), adjustments[adjustments.action == "exclude_case"])
    p = p[(p.due_at >= START) & (p.due_at < END)]
    p = p.assign(closed=p.closed_at < CUTOFF, implemented=p.implemented_at < CUTOFF, due=1)
    p = p.groupby("unit_id")[["due", "closed", "implemented"]].sum()
    lines = []
    for part, rule in (("closed", "instruction_closing"), ("implemented", "instruction_implementation")):
        steps = 100 * (p.due - p[part]) // (2 * p.due)
        lines.append(p.assign(points=-100 * steps, rule_id=rule)[steps > 0].reset_index())
    return pd.concat(lines).assign(item_id="A3.4", clause="A3.4")


def assessed_lines():
    a = read("assessments", ["unit_id", "item_id", "score"])
    a["points"] = (a.score.astype(float) * 100).round().astype(int) - 500
    return a[a.points < 0].assign(rule_id=a.item_id.map(ASSESSED), clause=a.item_id)


def award_lines():
    a = read("awards")
    a["awarded_on"] = pd.to_datetime(a.awarded_on)
    a = a[a.approved & (a.awarded_on >= START) & (a.awarded_on < END)]
    a["matter"] = a.matter.map(lambda text: " ".join(unicodedata.normalize("NFKC", text).split()))
    a["clause"], a["points"] = a.award_type.map(lambda t: AWARDS[t][0]), a.award_type.map(lambda t: AWARDS[t][1])
    a = a.assign(item_id="A4", rule_id=a.award_type, ref_id=a.award_id, month=a.awarded_on.dt.strftime("%Y-%m"))
    a = a.sort_values(["points", "awarded_on", "award_id"], ascending=[False, True, True])
    again = a[a.duplicated(["unit_id", "matter"])]
    return pd.concat([a, again.assign(rule_id="same_matter", clause="A4.4", points=-again.points)])


def floor_lines(lines):
    sums = lines[lines.item_id.isin(FULL_MARKS)].groupby(["unit_id", "item_id"], as_index=False).points.sum()
    over = -sums.item_id.map(FULL_MARKS) - sums.points
    return sums.assign(points=over, rule_id="floor", clause=sums.item_id)[over > 0]


def write_ledger(lines):
    lines = lines.assign(closing=lines.rule_id.isin(["same_matter", "floor"]), period="2026Q3", detail="")
    lines = lines.sort_values(["unit_id", "item_id", "closing", "rule_id", "month", "case_id", "ref_id", "points"])
    lines["entry_id"] = [f"2026Q3-{n:07d}" for n in range(1, len(lines) + 1)]
    lines["points"] = lines.points / 100
    lines[LEDGER].to_csv("ledger.csv", index=False, float_format="%.2f")


def write_ranking(lines, c):
    u = read("units").set_index("unit_id")
    bonus = lines[lines.item_id == "A4"].groupby("unit_id").points.sum()
    base = lines[lines.item_id != "A4"].groupby("unit_id").points.sum()
    u["base"] = 10000 + base.reindex(u.index, fill_value=0)
    u["bonus"] = bonus.reindex(u.index, fill_value=0)
    u["total"] = u.base + u.bonus
    u["case_rows"] = c.groupby("unit_id").size().reindex(u.index, fill_value=0)
    leads = c[c.leads].groupby("unit_id")[["rated", "satisfied"]].sum().reindex(u.index, fill_value=0)
    u["satisfaction"] = leads.satisfied / leads.rated.where(leads.rated > 0)
    u["placed"] = u.ranked & (u.case_rows > 0)
    placed = u[u.placed]
    u["rank"] = placed.total.rank(method="min", ascending=False).astype(int)
    u["group_rank"] = placed.groupby("unit_group").total.rank(method="min", ascending=False).astype(int)
    u = u.reset_index().sort_values(
        ["placed", "total", "base", "satisfaction", "case_rows", "unit_id"],
        ascending=[False, False, False, False, False, True], na_position="last")
    for name in ("base", "bonus", "total"):
        u[name] = u[name] / 100
    u[["rank", "group_rank"]] = u[["rank", "group_rank"]].astype("Int64")
    u.assign(period="2026Q3", note="")[RANKING].to_csv("ranking.csv", index=False, float_format="%.2f")


def main():
    adjustments = read("adjustments")
    waivers = adjustments[adjustments.action == "waive_deduction"]
    waivers = waivers[["adjustment_id", "unit_id", "rule_id", "case_id", "ref_id"]]
    c = case_rows(adjustments)
    months = c[c.leads].assign(due=1).groupby(["unit_id", "month"])[["due", "completed", "rated", "satisfied"]].sum()
    lines = pd.concat([
        late_lines(c, "signed_late", "late_signing", waivers),
        late_lines(c, "replied_late", "late_reply", waivers),
        rate_lines(months, "completed", "due", 95, "completion_rate"),
        rate_lines(months, "satisfied", "rated", 90, "satisfaction_rate"),
        incident_lines(adjustments, waivers),
        instruction_lines(adjustments),
        assessed_lines(),
        award_lines(),
    ])
    lines = pd.concat([lines, floor_lines(lines)])
    texts = ["month", "case_id", "ref_id", "adjustment_id"]
    lines[texts] = lines[texts].fillna("")
    write_ledger(lines)
    write_ranking(lines, c)


if __name__ == "__main__":
    main()
