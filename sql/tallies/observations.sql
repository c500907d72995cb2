-- What is worth a line in the summary though it breaks no promise. Grain: observation.
-- Reads: accepted.evaluations, .cases, .extensions, .adjustments, .incidents, facts.evaluations, .dissatisfied, ledger.occurrences.
select 'evaluation_not_needed' as observation, count(*) as n
from facts.evaluations
anti join facts.dissatisfied using (case_id, unit_id)
where $clock is not null
union all
select 'evaluation_' || refused as observation, count(*) as n
from facts.evaluations
semi join facts.dissatisfied using (case_id, unit_id)
where refused is not null and $clock is not null
group by refused
union all
select 'evaluation_late' as observation, count(*) as n
from facts.evaluations
semi join facts.dissatisfied using (case_id, unit_id)
where
    refused is null
    and $clock is not null
    and case $clock when 'assignment' then late_by_assignment else late_by_reminder end
union all
select 'evaluator_twice' as observation, count(*) as n
from (
    select f.case_id
    from facts.evaluations as f
    join accepted.evaluations as e on e.assignment_id = f.assignment_id
    semi join facts.dissatisfied as d on d.case_id = f.case_id and d.unit_id = f.unit_id
    where f.refused is null and not case $clock when 'assignment' then f.late_by_assignment else f.late_by_reminder end
    group by f.case_id, f.unit_id, e.evaluator_id
    having count(*) > 1 and $clock is not null
)
union all
-- One that ends with the deadline itself is how systems write that they moved the deadline.
select 'extension_without_effect' as observation, count(*) as n
from accepted.extensions as x
join accepted.cases as c using (case_id, unit_id)
where x.decision = 'approved' and x.extended_until < c.reply_due_at
union all
select 'adjustment_without_effect' as observation, count(*) as n
from accepted.adjustments as a
where
    a.action = 'exclude_case' and not exists (
        select 1 from accepted.cases as c where c.case_id = a.case_id and c.unit_id = a.unit_id
    )
    or a.action = 'waive_deduction' and not exists (
        select 1 from ledger.occurrences as o where o.adjustment_id = a.adjustment_id
    )
order by observation
