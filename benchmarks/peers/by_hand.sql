-- The third quarter of 2026 scored by one hand-written DuckDB script, under the default readings.
-- Reads accepted/*.parquet, writes ranking.csv and ledger.csv. Thresholds and points stand in the text,
-- as an analyst would write them: a rule that changes, a reading or another quarter is an edit of this file.

-- Calendar: for every day the second working day after it.
create temp table calendar as
with days as (
    select day::date as day,
        day::date in ('2026-09-20', '2026-10-10')
        or dayofweek(day) between 1 and 5
            and day::date not in ('2026-06-19', '2026-09-25', '2026-10-01', '2026-10-02', '2026-10-05', '2026-10-06',
                '2026-10-07') as worked
    from range(timestamp '2026-06-01', timestamp '2026-12-01', interval 1 day) as r(day)
),
counted as (select day, worked, sum(worked::int) over (order by day) as n from days)
select d.day, w.day as second_working_day
from counted as d
join counted as w on w.worked and w.n = d.n + 2;

-- Decisions.
create temp table excluded as
select distinct case_id, unit_id from 'accepted/adjustments.parquet' where action = 'exclude_case';

create temp table waivers as
select adjustment_id, unit_id, rule_id, case_id, ref_id
from 'accepted/adjustments.parquet' where action = 'waive_deduction';

create temp table waived_cases as
select
    case_id, unit_id,
    min(adjustment_id) filter (rule_id is null or rule_id = 'late_signing') as signing_waiver,
    min(adjustment_id) filter (rule_id is null or rule_id = 'late_reply') as reply_waiver
from waivers where case_id is not null and ref_id is null
group by all;

create temp table extended as
select case_id, unit_id, max(extended_until) as extended_until
from 'accepted/extensions.parquet'
where decision = 'approved' and (decided_at is null or decided_at < '2026-10-01')
group by all;

-- The last valid evaluation of a case row.
create temp table final_ratings as
select e.case_id, e.unit_id, arg_max(e.rating, (e.rated_at, e.assignment_id)) as final_rating
from 'accepted/evaluations.parquet' as e
join 'accepted/evaluators.parquet' as v using (evaluator_id)
join calendar as k on k.day = coalesce(e.reminded_at, e.assigned_at + interval 24 hours)::date
anti join (select case_id, unit_id from 'accepted/adjustments.parquet' where action = 'void_evaluation') as voided
    on voided.case_id = e.case_id and voided.unit_id = e.unit_id
where e.rating is not null and e.reason is not null and e.rated_at < '2026-10-01'
    and e.rated_at::date <= k.second_working_day
    and coalesce(e.returned_at >= e.rated_at, true) and coalesce(e.withdrawn_at >= e.rated_at, true)
    and e.assigned_at::date between v.appointed_on and least(v.term_ends_on, v.ended_on)
    and v.employer_unit_id is distinct from e.unit_id
group by all;

-- Case rows of the quarter.
create temp table case_rows as
select
    c.case_id,
    c.unit_id,
    c.role = 'lead' as leads,
    month(greatest(c.reply_due_at, x.extended_until)) as due_month,
    coalesce(if(c.signed_at < '2026-10-01', c.signed_at, null) > c.sign_due_at, c.sign_due_at < '2026-10-01')
        as signed_late,
    coalesce(if(c.replied_at < '2026-10-01', c.replied_at, null) > greatest(c.reply_due_at, x.extended_until), true)
        as replied_late,
    w.signing_waiver,
    w.reply_waiver,
    coalesce(c.closed_at < '2026-10-01', false) as completed,
    case
        when c.rated_at >= '2026-10-01' then null
        when c.public_rating = 'dissatisfied' then coalesce(f.final_rating, 'dissatisfied')
        else c.public_rating
    end as rating
from 'accepted/cases.parquet' as c
anti join excluded using (case_id, unit_id)
left join extended as x using (case_id, unit_id)
left join waived_cases as w using (case_id, unit_id)
left join final_ratings as f using (case_id, unit_id)
where greatest(c.reply_due_at, x.extended_until) >= '2026-07-01'
    and greatest(c.reply_due_at, x.extended_until) < '2026-10-01';

-- Every line of the ledger but the floors.
create temp table lines as
with incidents as (
    select
        i.unit_id, i.case_id, i.incident_id, i.occurred_at,
        if(i.incident_type in ('refused_to_sign', 'not_handled'), 'refusal', 'attitude') as rule_id
    from 'accepted/incidents.parquet' as i
    anti join excluded using (case_id, unit_id)
    where i.verified and i.incident_type <> 'not_cooperating' and i.occurred_at >= '2026-07-01' and i.occurred_at < '2026-10-01'
),
waived_incidents as (
    select i.unit_id, i.case_id, i.incident_id, i.occurred_at, i.rule_id, min(w.adjustment_id) as waiver
    from incidents as i
    left join waivers as w
        on w.unit_id = i.unit_id
        and (w.rule_id is null or w.rule_id = i.rule_id)
        and (w.case_id is null or w.case_id = i.case_id)
        and (w.ref_id is null or w.ref_id = i.incident_id)
    group by all
),
months as (
    select
        unit_id, due_month,
        count(*) as due,
        count(*) filter (completed) as completed,
        count(rating) as rated,
        count(*) filter (rating in ('satisfied', 'basically_satisfied')) as satisfied
    from case_rows where leads
    group by all
),
instructions as (
    select
        unit_id,
        count(*) as due,
        count(*) filter (closed_at < '2026-10-01') as closed,
        count(*) filter (implemented_at < '2026-10-01') as implemented
    from 'accepted/instructions.parquet'
    anti join excluded using (case_id, unit_id)
    where due_at >= '2026-07-01' and due_at < '2026-10-01'
    group by all
),
awards as (
    select
        unit_id, award_id, award_type, awarded_on,
        trim(array_to_string([
            if(unicode(c) between 65281 and 65374, chr(unicode(c) - 65248), if(unicode(c) = 12288, ' ', c))
            for c in string_split(matter, '')
        ], '')) as matter,
        case award_type
            when 'public_praise' then 0.5 when 'city_leader_praise' then 2 when 'province_leader_praise' then 5
            when 'suggestion_adopted' then 2 when 'city_media' then 1 when 'province_media' then 3
            when 'briefing_praise' then 2
        end::decimal(18, 2) as points,
        case
            when award_type in ('public_praise', 'city_leader_praise', 'province_leader_praise') then 'A4.1'
            when award_type = 'suggestion_adopted' then 'A4.2'
            when award_type in ('city_media', 'province_media') then 'A4.3'
            else 'A4.4'
        end as clause
    from 'accepted/awards.parquet'
    where approved and awarded_on >= '2026-07-01' and awarded_on < '2026-10-01'
)
select unit_id, 'A3.1' as item_id, 'late_signing' as rule_id, 'A3.1' as clause, '2026-0' || due_month as month, case_id,
    '' as ref_id, if(signing_waiver is null, -0.5, 0)::decimal(18, 2) as points,
    coalesce(signing_waiver, '') as adjustment_id
from case_rows where signed_late
union all
select unit_id, 'A3.1', 'late_reply', 'A3.1', '2026-0' || due_month, case_id, '',
    if(reply_waiver is null, -0.5, 0), coalesce(reply_waiver, '')
from case_rows where replied_late
union all
select unit_id, 'A3.2', 'completion_rate', 'A3.2', '2026-0' || due_month, '', '',
    -((95 * due - 100 * completed) // (2 * due)), ''
from months where 100 * completed <= 93 * due
union all
select unit_id, 'A3.2', 'satisfaction_rate', 'A3.2', '2026-0' || due_month, '', '',
    -((90 * rated - 100 * satisfied) // (2 * rated)), ''
from months where rated > 0 and 100 * satisfied <= 88 * rated
union all
select unit_id, 'A3.3', rule_id, 'A3.3', strftime(occurred_at, '%Y-%m'), coalesce(case_id, ''), incident_id,
    if(waiver is null, -0.5, 0), coalesce(waiver, '')
from waived_incidents
union all
select unit_id, 'A3.4', 'instruction_closing', 'A3.4', '', '', '', -((100 * (due - closed)) // (2 * due)), ''
from instructions where 100 * closed <= 98 * due
union all
select unit_id, 'A3.4', 'instruction_implementation', 'A3.4', '', '', '', -((100 * (due - implemented)) // (2 * due)), ''
from instructions where 100 * implemented <= 98 * due
union all
select unit_id, item_id,
    case item_id
        when 'A1.1' then 'leadership_attention' when 'A1.2' then 'liaison_officer' when 'A1.3' then 'office_facilities'
        when 'A2.1' then 'work_procedures' when 'A2.2' then 'responsible_persons' when 'A2.3' then 'staff_competence'
    end, item_id, '', '', '', score - 5, ''
from 'accepted/assessments.parquet' where score < 5
union all
select unit_id, 'A4', award_type, clause, strftime(awarded_on, '%Y-%m'), '', award_id, points, ''
from awards
union all
select unit_id, 'A4', 'same_matter', 'A4.4', strftime(awarded_on, '%Y-%m'), '', award_id, -points, ''
from awards
qualify row_number() over (partition by unit_id, matter order by points desc, awarded_on, award_id) > 1;

create temp table ledger as
select * from lines
union all
select unit_id, item_id, 'floor', item_id, '', '', '', -full_marks - sum(points), ''
from lines
join (values ('A3.1', 20), ('A3.2', 20), ('A3.3', 20), ('A3.4', 10)) as items(item_id, full_marks) using (item_id)
group by unit_id, item_id, full_marks
having sum(points) < -full_marks;

copy (
    select
        '2026Q3-' || lpad(row_number() over (order by unit_id, item_id, rule_id in ('same_matter', 'floor'), rule_id,
            month, case_id, ref_id, points)::varchar, 7, '0') as entry_id,
        '2026Q3' as period, unit_id, item_id, rule_id, clause, month, case_id, ref_id, points, adjustment_id, '' as detail
    from ledger
    order by entry_id
) to 'ledger.csv' (header);

copy (
    with points as (
        select
            unit_id,
            100 + coalesce(sum(points) filter (item_id <> 'A4'), 0) as base,
            coalesce(sum(points) filter (item_id = 'A4'), 0) as bonus
        from 'accepted/units.parquet' left join ledger using (unit_id)
        group by all
    ),
    rows_of as (
        select
            unit_id,
            count(*) as case_rows,
            count(*) filter (leads and rating in ('satisfied', 'basically_satisfied'))
                / nullif(count(rating) filter (leads), 0) as satisfaction
        from case_rows
        group by all
    ),
    scored as (
        select
            u.unit_id, u.unit_name, u.unit_group, p.base, p.bonus, p.base + p.bonus as total,
            coalesce(r.case_rows, 0) as case_rows, r.satisfaction,
            u.ranked and r.case_rows is not null as placed
        from 'accepted/units.parquet' as u
        join points as p using (unit_id)
        left join rows_of as r using (unit_id)
    )
    select
        '2026Q3' as period, unit_id, unit_name, unit_group,
        base::decimal(18, 2) as base, bonus::decimal(18, 2) as bonus, total::decimal(18, 2) as total,
        if(placed, rank() over (partition by placed order by total desc), null) as rank,
        if(placed, rank() over (partition by placed, unit_group order by total desc), null) as group_rank,
        case_rows, '' as note
    from scored
    order by placed desc, total desc, base desc, satisfaction desc nulls last, case_rows desc, unit_id
) to 'ranking.csv' (header);
