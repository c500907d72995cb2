-- The rows of an inbox file as they were written. Grain: row. Reads: raw.evaluator_actions.
select *
from raw.evaluator_actions
order by _line;
