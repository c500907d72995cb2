-- A ledger line for every late signing, late reply and incident: `points` of the rule, 0 where it is waived.
-- Grain: occurrence × rule. Reads: facts.late_rows, facts.incidents, ledger.rules (the occurrence rules in force).
create or replace table ledger.occurrences as
with rows_in_force as (
    select
        case_id, unit_id, signing, sign_due_at, signed_at, replied_at, signing_waived_by, reply_waived_by,
        if($extension = 'approved', reply_approved, reply_requested) as reply,
        if($extension = 'approved', due_approved, due_requested) as due,
        if($attribution = 'dispatched', month_dispatched,
            if($extension = 'approved', month_due_approved, month_due_requested)) as month
    from facts.late_rows
    where $counted_before = 'again' or not counted_before
),

found as (
    select
        unit_id, 'late_signing' as measure, $months[month] as month, case_id, '' as ref_id,
        signing_waived_by as adjustment_id, sign_due_at as due, signed_at as done, '' as kind
    from rows_in_force
    where signing <> 'on_time' and month > 0
    union all
    select
        unit_id, 'late_reply' as measure, $months[month] as month, case_id, '' as ref_id,
        reply_waived_by as adjustment_id, due, replied_at as done, '' as kind
    from rows_in_force
    where reply <> 'on_time' and month > 0
    union all
    select
        unit_id, measure, month, coalesce(case_id, '') as case_id, incident_id as ref_id,
        waived_by as adjustment_id, occurred_at as due, null as done, incident_type as kind
    from facts.incidents
)

select
    f.unit_id,
    r.item_id,
    r.rule_id,
    r.clause,
    f.month,
    f.case_id,
    f.ref_id,
    if(f.adjustment_id is null, r.points, 0)::decimal(18, 2) as points,
    coalesce(f.adjustment_id, '') as adjustment_id,
    replace(replace(
        coalesce(s.says, if(f.done is null, r.never, r.late)),
        '{due}', strftime(f.due, '%Y-%m-%d %H:%M:%S')),
        '{done}', coalesce(strftime(f.done, '%Y-%m-%d %H:%M:%S'), '')) as detail
from found as f
join ledger.rules as r using (measure)
left join ledger.kinds as s using (kind);
