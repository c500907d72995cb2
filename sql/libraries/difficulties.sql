-- The statements of objective difficulty: told in time, decided, and whether the late reply is still charged (A3.3).
-- Grain: statement. Reads: accepted.difficulties, .cases, .extensions, .adjustments.
with extended as (
    select
        case_id,
        unit_id,
        max(extended_until) as until
    from accepted.extensions
    where decision = 'approved'
    group by case_id, unit_id
),

due as (
    select
        c.case_id,
        c.unit_id,
        c.replied_at,
        greatest(c.reply_due_at, x.until) as due_at
    from accepted.cases as c
    left join extended as x using (case_id, unit_id)
),

decided as (
    select distinct
        case_id,
        unit_id
    from accepted.adjustments
    where
        action in ('exclude_case', 'refuse')
        or (action = 'waive_deduction' and coalesce(rule_id, 'late_reply') = 'late_reply')
)

select
    d.unit_id,
    d.statement_id as row,
    d.case_id,
    d.stated_at::date as stated_on,
    due.due_at::date as due_on,
    if(d.decided_on <= $on, coalesce(d.decision, 'undecided'), 'undecided') as decision,
    (d.stated_at <= due.due_at)::int as in_time,
    coalesce(due.replied_at > due.due_at, due.due_at::date < $on)::int as late,
    (w.case_id is not null)::int as waived
from accepted.difficulties as d
inner join due on due.case_id = d.case_id and due.unit_id = d.unit_id
left join decided as w on w.case_id = d.case_id and w.unit_id = d.unit_id
where d.stated_at::date <= $on
