-- Each evaluation, and why it does not count, under both clocks. Whether the case needs one (facts.dissatisfied) is asked
-- where it matters, so that the cases are not read for it.
-- `between` counts the working days after the clock's starting day and before the day of rating (E5.2):
-- fewer than the limit means that the rating came by the end of the last of those days.
-- Grain: assignment. Reads: accepted.evaluations, .evaluators, facts.voided, facts.working_days.
create or replace table facts.evaluations as
with clocked as (
    select
        e.*,
        e.rated_at::date as rated_on,
        coalesce(e.reminded_at, e.assigned_at + $reminder_after_hours * interval 1 hour)::date as clock_of_reminder,
        e.assigned_at::date as clock_of_assignment
    from accepted.evaluations as e
),

counted as (
    select
        c.*,
        coalesce(rated.counted - rated.worked::int - reminder.counted, 0) as between_reminder,
        coalesce(rated.counted - rated.worked::int - assignment.counted, 0) as between_assignment,
        rated.day is null or reminder.day is null or assignment.day is null as uncovered
    from clocked as c
    left join facts.working_days as rated on rated.day = c.rated_on
    left join facts.working_days as reminder on reminder.day = c.clock_of_reminder
    left join facts.working_days as assignment on assignment.day = c.clock_of_assignment
)

select
    c.assignment_id,
    c.case_id,
    c.unit_id,
    c.rating,
    c.rated_at,
    c.rated_on,
    c.clock_of_reminder,
    c.clock_of_assignment,
    c.uncovered,
    case
        when c.rating is null or c.reason is null or c.rated_at is null then 'not_rated'
        when c.rated_at >= $cutoff then 'after_cutoff'
        when c.returned_at < c.rated_at then 'returned'
        when c.withdrawn_at < c.rated_at then 'withdrawn'
        when v.evaluator_id is null then 'unknown_evaluator'
        when c.assigned_at::date < v.appointed_on
            or c.assigned_at::date > least(v.term_ends_on, v.ended_on) then 'not_appointed'
        when v.employer_unit_id = c.unit_id then 'own_employer'
        when voided.case_id is not null then 'voided'
    end as refused,
    c.between_reminder >= $working_days as late_by_reminder,
    c.between_assignment >= $working_days as late_by_assignment
from counted as c
left join accepted.evaluators as v using (evaluator_id)
left join facts.voided as voided on voided.case_id = c.case_id and voided.unit_id = c.unit_id;
