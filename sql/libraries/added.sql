-- The decisions to add a matter after a special case, and whether the library holds it (M1). Grain: step.
-- Reads: accepted.matter_steps, libraries.entries, .names.
select
    s.unit_id,
    s.step_id as row,
    s.matter_id,
    n.matter_name,
    s.done_on,
    (count(e.matter_id) > 0)::int as entered
from accepted.matter_steps as s
left join libraries.names as n on n.matter_id = s.matter_id
left join libraries.entries as e
    on
        e.unit_id = s.unit_id
        and e.matter_id = s.matter_id
        and e.valid_from <= $on
        and (e.valid_to is null or e.valid_to >= $on)
where s.step = 'added' and s.done_on <= $on
group by all
