-- The rating by the last valid evaluation of a case row, under both values of `evaluation_clock`.
-- Grain: case row with a valid evaluation. Reads: facts.evaluations.
create or replace table facts.final_evaluations as
select
    case_id,
    unit_id,
    last(rating order by rated_at, assignment_id) filter (not late_by_reminder) as rating_reminder,
    last(rating order by rated_at, assignment_id) filter (not late_by_assignment) as rating_assignment
from facts.evaluations
where refused is null
group by case_id, unit_id;
