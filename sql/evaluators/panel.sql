-- The evaluators as the exports have them. Grain: evaluator. Reads: accepted.evaluators.
select
    evaluator_id,
    name,
    employer_unit_id,
    fields,
    background,
    appointed_on,
    term_ends_on,
    ended_on,
    away_from,
    away_until,
    recommended_by
from accepted.evaluators
order by evaluator_id;
