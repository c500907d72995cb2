-- The rating by the last valid evaluation of a case row, under both values of `evaluation_clock`.
-- Grain: case row with a valid evaluation. Reads: facts.evaluations.
create or replace table facts.final_evaluations as
select
    case_id,
    unit_id,
    max_by(rating, {moment: rated_at, id: assignment_id}) filter (not late_by_reminder) as rating_reminder,
    max_by(rating, {moment: rated_at, id: assignment_id}) filter (not late_by_assignment) as rating_assignment
from facts.evaluations
where refused is null
group by case_id, unit_id;
