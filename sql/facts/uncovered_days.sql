-- Days that the working-day calendar does not cover though an evaluation needs them. Grain: day.
-- Reads: facts.evaluations, .dissatisfied, .working_days.
select day
from (
    select unnest([rated_on, clock_of_reminder, clock_of_assignment]) as day
    from facts.evaluations
    semi join facts.dissatisfied using (case_id, unit_id)
    where uncovered and refused is null
)
anti join facts.working_days using (day)
order by day
limit 1
