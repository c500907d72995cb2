-- Every instruction due in the quarter that no adjustment excludes. Grain: instruction and unit.
-- Reads: accepted.instructions, facts.excluded.
create or replace table facts.instructions as
select
    instruction_id,
    unit_id,
    case_id,
    due_at,
    coalesce(closed_at < $cutoff, false) as closed,
    coalesce(implemented_at < $cutoff, false) as implemented
from accepted.instructions
anti join facts.excluded using (case_id, unit_id)
where due_at >= $start and due_at < $end;
