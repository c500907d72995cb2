-- The rows of an inbox file as they were written. Grain: row. Reads: raw.evaluator_actions.
select * replace (cast(acted_at as varchar) as acted_at)
from raw.evaluator_actions
order by _line;
